/**
 * The world: an upstream, four gateways, the store that they share and a crowd, each a process, and the means to reset
 * them between demonstrations.
 */
import { place, type Place } from '@loadbearing-examples/page-kit/processes/place.ts';
import type { SharedStore } from './engines/shared-store.ts';
import { gatewayDefaults, type GatewaySettings } from './gateway/settings.ts';
import type { CrowdCounts, CrowdSettings } from './load/crowd.ts';
import type { GatewayCounts, GatewaySetup } from './processes/gateway.ts';
import type { PoolCounts, PoolSettings } from './upstream/pool.ts';

export const gatewayCount = 4;
/** The clock of the last gateway is wrong by this much. */
export const clockShiftMs = 90_000;
export const pool: PoolSettings = { slots: 8, serviceMs: 40 };
/** Of a caller. */
export const deadlineMs = 250;

export interface WorldOptions {
  readonly seed: number;
  readonly store: SharedStore;
  readonly onFatal: (error: Error) => void;
}

export class World {
  readonly store: SharedStore;
  readonly #upstream: Place;
  readonly #gateways: readonly Place[];
  readonly #crowd: Place;
  settings: GatewaySettings = gatewayDefaults;

  private constructor(store: SharedStore, upstream: Place, gateways: readonly Place[], crowd: Place) {
    this.store = store;
    this.#upstream = upstream;
    this.#gateways = gateways;
    this.#crowd = crowd;
  }

  static async open({ seed, store, onFatal }: WorldOptions): Promise<World> {
    // First what may not be there at all: nothing else is started in vain.
    await store.open(onFatal);
    const upstream = place('upstream', new URL('processes/upstream.ts', import.meta.url), pool, onFatal);
    await upstream.ready;
    const file = new URL('processes/gateway.ts', import.meta.url);
    const gateways = Array.from({ length: gatewayCount }, (_, i) => {
      const setup: GatewaySetup = {
        upstreamPort: upstream.httpPort,
        store: store.place(),
        clockShiftMs: i === gatewayCount - 1 ? clockShiftMs : 0,
      };
      return place(`gateway ${i + 1}`, file, setup, onFatal);
    });
    await Promise.all(gateways.map(({ ready }) => ready));
    const settings: CrowdSettings & { seed: number } = { ...crowdDefaults, ports: [gateways[0]!.httpPort], seed };
    const crowd = place('crowd', new URL('processes/crowd.ts', import.meta.url), settings, onFatal);
    await crowd.ready;
    return new World(store, upstream, gateways, crowd);
  }

  get capacityPerSecond(): number {
    return (pool.slots * 1000) / pool.serviceMs;
  }

  async configure(changes: Partial<GatewaySettings>): Promise<void> {
    this.settings = { ...this.settings, ...changes };
    await Promise.all(this.#gateways.map((gateway) => gateway.call('configure', this.settings)));
  }

  /** As at the beginning: nobody asks, nothing waits, every quota is full. */
  async reset(changes: Partial<GatewaySettings> = {}): Promise<void> {
    this.store.hang(false);
    await this.#crowd.call('stop');
    await this.#upstream.call('configure', pool);
    for (;;) {
      await this.#upstream.call('clear');
      if ((await this.crowdCounts()).open === 0) break;
      await pause(20);
    }
    await this.store.flush();
    this.settings = gatewayDefaults;
    await this.crowd({ ...crowdDefaults, ports: [this.#gateways[0]!.httpPort] });
    await this.configure(changes);
    await this.resetCounts();
  }

  async resetCounts(): Promise<void> {
    await Promise.all([this.#crowd.call('reset'), ...this.#gateways.map((gateway) => gateway.call('reset'))]);
  }

  /** The ports of so many gateways. */
  ports(gateways: number): number[] {
    return this.#gateways.slice(0, gateways).map(({ httpPort }) => httpPort);
  }

  crowd(changes: Partial<CrowdSettings>): Promise<void> {
    return this.#crowd.call('configure', changes);
  }

  startCrowd(): Promise<void> {
    return this.#crowd.call('start');
  }

  stopCrowd(): Promise<void> {
    return this.#crowd.call('stop');
  }

  crowdCounts(): Promise<CrowdCounts> {
    return this.#crowd.call('counts');
  }

  /** Requests a second that are answered in time, when no more come than that. */
  closedLoop(underWay: number, forMs: number): Promise<number> {
    return this.#crowd.call('rate', underWay, forMs);
  }

  burst(user: string, perGateway: number): Promise<number[]> {
    return this.#crowd.call('burst', user, perGateway);
  }

  gatewayCounts(index: number): Promise<GatewayCounts> {
    return this.#gateways[index]!.call('counts');
  }

  upstreamCounts(): Promise<PoolCounts> {
    return this.#upstream.call('counts');
  }

  async close(): Promise<void> {
    const processes = [this.#crowd, ...this.#gateways, this.#upstream];
    await Promise.all(processes.map((one) => one.stop()));
    await this.store.close();
  }
}

const crowdDefaults: Omit<CrowdSettings, 'ports'> = {
  perSecond: 100,
  deadlineMs,
  hangsUp: true,
  retries: 0,
  checkoutShare: 0.1,
  users: 1000,
  greedyPerSecond: 0,
};

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
