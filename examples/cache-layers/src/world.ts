/**
 * The world: a database, a shared second level and three apps as processes; the edge and the readers' browsers here.
 *
 *   browsers -> edge -> app-1, app-2, app-3 (level 1) -> level 2 -> database
 *
 * It starts and supervises the processes, knows where they listen, and turns layers on and off. What is measured on it
 * is in scenarios/, what readers do in load/.
 */
import process from 'node:process';
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import { appDefaults, type AppSettings } from './app/settings.ts';
import type { GateCounts, GateSettings } from './database/gate.ts';
import { httpLayer, type Fetch, type HttpLayer } from './layers/http-layer.ts';
import type { Layer } from './layers/waterfall.ts';
import { wireFetch, type WireFetch } from './layers/wire-fetch.ts';
import { Traffic } from './load/traffic.ts';
import type { AppSetup } from './processes/app.ts';
import { place, type Place } from '@loadbearing-examples/page-kit/processes/place.ts';
import type { Edge } from './engines/edge.ts';
import type { SharedLevel } from './engines/shared-level.ts';

export type Switches = Readonly<Record<Exclude<Layer, 'database'>, boolean>>;

export interface WorldOptions {
  readonly seed: number;
  readonly level: SharedLevel;
  /** An edge that is a process of its own; without, the package's cache in this process. */
  readonly edge?: (ports: () => readonly number[]) => Promise<Edge>;
  readonly browsers: number;
  readonly writeShare: number;
  readonly database: GateSettings;
  readonly onFatal: (error: Error) => void;
}

export interface AppCounts {
  readonly requests: number;
  readonly l1Hits: number;
  readonly l2Reads: number;
  readonly l2Hits: number;
  readonly loads: number;
  readonly failed: number;
  readonly staleServed: number;
  readonly busUp: boolean;
}

const appCount = 3;
const busUpWithinMs = 15_000;
/** An item takes nearly 2 kB: a browser has room for a few per cent of them, the edge for every seventh. */
const browserBytesMax = 150 * 1024;
const edgeBytesMax = 512 * 1024;
const allOn: Switches = { browser: true, edge: true, l1: true, l2: true };

export class World {
  readonly traffic: Traffic;
  readonly random: () => number;
  readonly engines: { readonly database: string; readonly level: string; readonly edge: string };
  readonly edgeFetch: Fetch;
  /** The wire between the edge and the apps. */
  readonly appWire: WireFetch;
  readonly #options: WorldOptions;
  readonly #database: Place;
  readonly #apps: readonly Place[];
  readonly #edge: HttpLayer | Edge;
  readonly #browsers: readonly HttpLayer[];
  #switches: Switches = allOn;
  #settings: AppSettings = appDefaults;

  private constructor(
    options: WorldOptions,
    parts: { database: Place; databaseEngine: string; apps: readonly Place[]; wire: WireFetch; edge: HttpLayer | Edge },
  ) {
    const { database, databaseEngine, apps, wire, edge } = parts;
    this.#options = options;
    this.random = seeded(options.seed);
    this.#database = database;
    this.#apps = apps;
    this.appWire = wire;
    this.#edge = edge;
    this.edgeFetch = (request) => edge.fetch(request);
    this.#browsers = Array.from({ length: options.browsers }, () =>
      httpLayer({ name: 'browser', next: this.edgeFetch, maxBytes: browserBytesMax, isOn: true }),
    );
    this.traffic = new Traffic({
      readers: this.#browsers.map((browser) => browser.fetch),
      random: this.random,
      writeShare: options.writeShare,
    });
    const edgeName = 'name' in edge ? edge.name : 'httpCache';
    this.engines = { database: databaseEngine, level: options.level.name, edge: edgeName };
  }

  /** Rejects when a process cannot start, with what it said. */
  static async open(options: WorldOptions): Promise<World> {
    const { level, onFatal } = options;
    const database = place('database', new URL('processes/database.ts', import.meta.url), options.database, onFatal);
    await level.open(onFatal);
    const databaseEngine = await database.engine;
    const apps = await Promise.all(
      Array.from({ length: appCount }, async (_, i) => {
        const name = `app-${i + 1}`;
        // Asked anew for each start: the others may listen elsewhere by then.
        const setup = (): AppSetup => ({ name, databasePort: database.controlPort(), level: level.place() });
        const app = place(name, new URL('processes/app.ts', import.meta.url), setup, onFatal);
        await app.ready;
        return app;
      }),
    );
    level.onMoved = (port) => {
      for (const app of apps) app.call('moveLevel', port).catch(() => undefined);
    };
    const wire = wireFetch(() => apps.filter(({ child }) => child.state.up).map(({ httpPort }) => httpPort));
    const edge =
      options.edge === undefined
        ? httpLayer({ name: 'edge', next: wire.fetch, maxBytes: edgeBytesMax, isOn: true })
        : await options.edge(() => apps.map(({ httpPort }) => httpPort));
    return new World(options, { database, databaseEngine, apps, wire, edge });
  }

  get switches(): Switches {
    return this.#switches;
  }

  get settings(): AppSettings {
    return this.#settings;
  }

  get level(): SharedLevel {
    return this.#options.level;
  }

  /** A layer that is turned on begins empty; so do both levels of the apps when one of them is turned. */
  async switchTo(switches: Partial<Switches>): Promise<void> {
    this.#switches = { ...this.#switches, ...switches };
    this.#edge.isOn = this.#switches.edge;
    for (const browser of this.#browsers) browser.isOn = this.#switches.browser;
    await this.configure({ l1: this.#switches.l1, l2: this.#switches.l2 });
  }

  /** Both levels begin empty. */
  async configure(changes: Partial<AppSettings>): Promise<void> {
    this.#settings = { ...this.#settings, ...changes };
    await this.everyApp('configure', this.#settings);
  }

  /** As at the beginning: everything on, empty, with the defaults, and counted from zero. */
  async reset(changes: Partial<AppSettings> = {}, switches: Partial<Switches> = {}): Promise<void> {
    this.#settings = { ...appDefaults, ...changes };
    await this.setDatabase(this.#options.database);
    await this.level.flush();
    await this.switchTo({ browser: false, edge: false });
    await this.switchTo({ ...allOn, ...switches });
    await this.resetCounts();
  }

  async resetCounts(): Promise<void> {
    this.traffic.reset();
    await this.#database.call('reset');
    await this.everyApp('reset');
  }

  setDatabase(changes: Partial<GateSettings>): Promise<void> {
    return this.#database.call('configure', changes);
  }

  databaseCounts(): Promise<GateCounts> {
    return this.#database.call('counts');
  }

  /** Of the apps that are up. */
  get httpPorts(): readonly number[] {
    return this.#apps.filter(({ child }) => child.state.up).map(({ httpPort }) => httpPort);
  }

  /** Resolves when all apps hear the bus. A bus that comes up empties the first levels, so what is held before is lost. */
  async busIsUp(): Promise<void> {
    const giveUpAtMs = performance.now() + busUpWithinMs;
    while (!(await this.appCounts()).busUp) {
      if (performance.now() > giveUpAtMs) throw new Error('the invalidation bus did not come up');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get appCount(): number {
    return appCount;
  }

  /** `app` from 0. */
  app<T>(app: number, op: string, ...args: readonly unknown[]): Promise<T> {
    return this.#apps[app]!.call<T>(op, ...args);
  }

  everyApp<T>(op: string, ...args: readonly unknown[]): Promise<T[]> {
    return Promise.all(this.#apps.map((app) => app.call<T>(op, ...args)));
  }

  /** Of all apps together. */
  async appCounts(): Promise<AppCounts> {
    const all = await this.everyApp<AppCounts>('counts');
    const sum = (field: Exclude<keyof AppCounts, 'busUp'>): number => all.reduce((n, counts) => n + counts[field], 0);
    return {
      requests: sum('requests'),
      l1Hits: sum('l1Hits'),
      l2Reads: sum('l2Reads'),
      l2Hits: sum('l2Hits'),
      loads: sum('loads'),
      failed: sum('failed'),
      staleServed: sum('staleServed'),
      busUp: all.every(({ busUp }) => busUp),
    };
  }

  get pids(): Readonly<Record<string, number | null>> {
    const apps = this.#apps.map(({ child }, i) => [`app-${i + 1}`, child.state.pid] as const);
    return Object.fromEntries([['main', process.pid], ['database', this.#database.child.state.pid], ...apps]);
  }

  /** A browser that nobody else uses. */
  newBrowser(next: Fetch = this.edgeFetch): HttpLayer {
    return httpLayer({ name: 'browser', next, maxBytes: browserBytesMax, isOn: true });
  }

  async close(): Promise<void> {
    this.traffic.stop();
    this.appWire.close();
    if ('close' in this.#edge) await this.#edge.close();
    await Promise.all([this.#database.stop(), this.level.close(), ...this.#apps.map((app) => app.stop())]);
  }
}
