/**
 * The stage: what the page shows and what its buttons do, once the script is over.
 *
 * The traffic runs at a steady pace. Counters of the processes are asked for once a second, so that watching costs
 * nothing; a switch counts everything from zero, because a hit ratio over two configurations says nothing.
 */
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import type { GateCounts, GateSettings } from './database/gate.ts';
import type { Feed } from './feed.ts';
import { asked, layers, type Layer, type Waterfall } from './layers/waterfall.ts';
import type { Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { Switches, World } from './world.ts';

const everyMs = 1000;
const historySeconds = 60;
export const perSecondMax = 1000;
const perSecondDefault = 300;

interface Look {
  readonly waterfall: Waterfall;
  readonly queries: number;
}

export class Stage {
  readonly #world: World;
  readonly #sections: Section[] = [];
  #phase: Feed['phase'] = 'script';
  #step = 'starting';
  #isCut = false;
  #busUp = true;
  #gate: GateSettings;
  #database: GateCounts = { queries: 0, failed: 0, peak: 0, open: 0 };
  #last: Look | undefined;
  #lastSecond: Waterfall | undefined;
  #history: (number | null)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(world: World, database: GateSettings) {
    this.#world = world;
    this.#gate = database;
  }

  step(name: string): void {
    this.#step = name;
  }

  addSection(section: Section): void {
    this.#sections.push(section);
  }

  /** The script is over: the buttons work, and the traffic flows. */
  open(isPassed: boolean): void {
    this.#phase = isPassed ? 'open' : 'failed';
    this.#world.traffic.start(perSecondDefault);
    this.#timer ??= setInterval(() => void this.#look().catch(() => undefined), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Throws Refusal while the script decides. */
  async switchTo(changes: Partial<Switches>): Promise<void> {
    this.#mustBeOpen();
    await this.#world.switchTo(changes);
    await this.#fromZero();
  }

  async flush(): Promise<void> {
    this.#mustBeOpen();
    await this.#world.level.flush();
  }

  /** Of all apps at once, and nobody is told: the heartbeats have to find out. */
  async cutBus(isCut: boolean): Promise<void> {
    this.#mustBeOpen();
    this.#isCut = isCut;
    await this.#world.everyApp('cutBus', isCut);
  }

  async setDatabase(changes: Partial<GateSettings>): Promise<void> {
    this.#mustBeOpen();
    this.#gate = { ...this.#gate, ...changes };
    await this.#world.setDatabase(changes);
  }

  /** Somebody else changes an item, past every HTTP cache; false when there is none. */
  async write(id: number): Promise<boolean> {
    this.#mustBeOpen();
    return (await this.#world.app<object | null>(0, 'write', id)) !== null;
  }

  setPace(perSecond: number): void {
    this.#mustBeOpen();
    if (!(Number.isFinite(perSecond) && perSecond >= 0 && perSecond <= perSecondMax)) {
      throw new Refusal(400, `perSecond must be a number from 0 to ${perSecondMax}.`);
    }
    this.#world.traffic.start(perSecond);
  }

  feed(): Feed {
    const { world, waterfall, second } = {
      world: this.#world,
      waterfall: this.#world.traffic.counts(),
      second: this.#lastSecond,
    };
    const ratios = asked(waterfall);
    return {
      phase: this.#phase,
      step: this.#step,
      switches: world.switches,
      engines: world.engines,
      layers: layers.map((layer: Layer) => ({
        layer,
        perSecond: second?.stops[layer] ?? 0,
        stops: waterfall.stops[layer],
        ratio: ratios[layer].ratio,
        p50Ms: world.traffic.latencyOf(layer).percentileMs(0.5),
        p99Ms: world.traffic.latencyOf(layer).percentileMs(0.99),
      })),
      reads: waterfall.reads,
      errors: waterfall.errors,
      perSecond: second?.reads ?? 0,
      wantedPerSecond: world.traffic.perSecond,
      queriesPerThousand: waterfall.reads === 0 ? null : (1000 * this.#database.queries) / waterfall.reads,
      history: this.#history,
      database: { open: this.#database.open, ...this.#gate },
      bus: this.#isCut ? 'cut' : this.#busUp ? 'up' : 'down',
      sections: this.#sections,
    };
  }

  #mustBeOpen(): void {
    if (this.#phase === 'script') throw new Refusal(409, 'The script is running; it decides until it is over.');
  }

  async #fromZero(): Promise<void> {
    await this.#world.resetCounts();
    this.#last = this.#lastSecond = undefined;
    this.#database = { ...this.#database, queries: 0 };
  }

  async #look(): Promise<void> {
    const [database, apps] = await Promise.all([this.#world.databaseCounts(), this.#world.appCounts()]);
    this.#database = database;
    this.#busUp = apps.busUp;
    const look = { waterfall: this.#world.traffic.counts(), queries: database.queries };
    const before = this.#last;
    this.#last = look;
    if (before === undefined || look.waterfall.reads < before.waterfall.reads) return;
    const stops = Object.fromEntries(
      layers.map((layer) => [layer, look.waterfall.stops[layer] - before.waterfall.stops[layer]]),
    ) as Record<Layer, number>;
    const reads = look.waterfall.reads - before.waterfall.reads;
    this.#lastSecond = { reads, errors: look.waterfall.errors - before.waterfall.errors, stops };
    const queries = Math.max(0, look.queries - before.queries);
    this.#history = [...this.#history, reads === 0 ? null : (1000 * queries) / reads].slice(-historySeconds);
  }
}
