/**
 * The world: shards, clients, checker, and the two processes that may die.
 *
 * It holds everything that must outlive a kill: the shards (or the connections to them), the slot map and what was
 * acknowledged. Router and mover are children (src/processes); the router answers the clients, the mover moves slots.
 * The world never moves a slot and never routes a request itself.
 */
import process from 'node:process';
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import { Supervised } from '@loadbearing-examples/page-kit/supervised.ts';
import { slots, type Slots } from '@loadbearing/consistent-hash';
import { initSlotMap, setGoal } from '@loadbearing/consistent-hash/migrate';
import type { MoverStep } from '@loadbearing/consistent-hash/migrate';
import { inChunks, misplacedRows } from './audit.ts';
import type { Engine } from './engines/engine.ts';
import type { ChangeShards, Feed, Kill } from './feed.ts';
import { byName, goalOf, nameOf } from './goal.ts';
import type { Stage } from './http/server.ts';
import { KillWindows } from './kill-windows.ts';
import { Checker } from './load/checker.ts';
import { Traffic } from './load/traffic.ts';
import { keyOf, probeOf, valueOf, workload } from './load/workload.ts';
import type { FromChild, Setup, ShardAddress, ToChild } from './processes/messages.ts';
import { ownersOf, RowCount } from './rows.ts';
import { SlotMapView } from './slot-map.ts';

type Child = Supervised<ToChild, FromChild>;

export interface WorldOptions {
  readonly engine: Engine;
  readonly rows: number;
  readonly slots: number;
  readonly shards: number;
  readonly seed: number;
  readonly perSecond: number;
  readonly batchSlots: number;
  readonly paceMs: number;
  /** Movers that run at the same time; one is enough, more must do no harm. Default 1. */
  readonly movers?: number;
  /** What cannot be helped: a child that does not start, a mover that gives up again and again. */
  readonly onFatal: (error: Error) => void;
}

/** What a migration has done. */
export interface Migration {
  readonly slots: number;
  readonly rows: number;
  readonly leastRows: number;
  readonly rowsInAll: number;
  readonly seconds: number;
}

const inFlightMax = 256;
const heatGroups = 256;
const retriesMax = 20;
const retryMs = 100;

export class World implements Stage {
  readonly checker: Checker = new Checker();
  readonly traffic: Traffic;
  /** Is told what the mover does. */
  onStep: (step: MoverStep) => void = () => undefined;
  /** While the script decides what happens, the buttons do not. */
  isScripted = false;
  idleP99Ms: number | null = null;
  phase: Feed['phase'] = 'loading';
  readonly keys: readonly string[];
  readonly #options: WorldOptions;
  readonly #router: Child;
  readonly #movers: readonly Child[];
  readonly #windows = new KillWindows<Child>();
  readonly #addresses = new Map<string, ShardAddress>();
  readonly #heat: number[];
  readonly #keysOfSlot: readonly string[][];
  /** Rows of the batch that the mover has claimed. */
  #probed: readonly string[] = [];
  readonly #view: SlotMapView;
  #rows: RowCount;
  /** The map at the beginning of the migration under way, or else of the last. */
  #before: Slots;
  #migration: { readonly goal: readonly string[]; readonly done: () => void; isStored: boolean } | undefined;
  #step: Feed['step'] = null;
  #retries = 0;

  /** Makes shards and slot map, and starts router and mover. Rejects as the engine does. */
  static async open(options: WorldOptions): Promise<World> {
    const { engine } = options;
    const addresses: ShardAddress[] = [];
    for (let i = 1; i <= options.shards; i++) addresses.push(await engine.add(nameOf(i)));
    const first = slots<undefined>(
      addresses.map(({ id }) => id),
      { count: options.slots },
    );
    await initSlotMap(engine.store, first);
    return new World(options, addresses, await SlotMapView.open(engine.store));
  }

  private constructor(options: WorldOptions, addresses: readonly ShardAddress[], view: SlotMapView) {
    this.#options = options;
    this.keys = Array.from({ length: options.rows }, (_, row) => keyOf(row));
    for (const address of addresses) this.#addresses.set(address.id, address);
    this.#view = view;
    this.#before = view.slots;
    this.#rows = new RowCount([]);
    this.#heat = Array.from({ length: Math.min(heatGroups, options.slots) }, () => 0);
    this.#keysOfSlot = Array.from({ length: options.slots }, () => []);
    for (const key of this.keys) this.#keysOfSlot[view.slots.slotOf(key)]!.push(key);
    const random = seeded(options.seed + 1);
    this.traffic = new Traffic({
      checker: this.checker,
      workload: workload(options.rows, options.seed),
      probe: () => probeOf(this.#probed.length > 0 ? this.#probed : this.keys, random),
      perSecond: options.perSecond,
      inFlightMax,
      send: (requests) => this.#router.send({ type: 'requests', requests }),
      onRequest: (key) => {
        this.#heat[Math.floor((this.map.slotOf(key) * this.#heat.length) / options.slots)]!++;
      },
      counts: (startMs) => this.#windows.isClear(startMs),
    });
    this.#router = this.#start('router', 'router', (router) => this.#windows.end(router));
    this.#movers = Array.from({ length: options.movers ?? 1 }, (_, i) =>
      this.#start('mover', `mover-${i + 1}`, (mover) => {
        if (this.#migration === undefined) this.#windows.end(mover);
        else mover.send({ type: 'move' });
      }),
    );
  }

  get map(): Slots {
    return this.#view.slots;
  }

  /** Of the movers that are up. */
  get moverPids(): number[] {
    return this.#movers.flatMap(({ state }) => state.pid ?? []);
  }

  /** Waits until router and mover are up. */
  async ready(): Promise<void> {
    while (![this.#router, ...this.#movers].every(({ state }) => state.up)) await sleep(10);
  }

  /** Writes every row to its owner, in bulk, as acknowledged writes. */
  async load(): Promise<void> {
    const { engine } = this.#options;
    await inChunks([...this.#keysOfSlot.keys()], async (slot) => {
      const rows: [string, string][] = [];
      for (const key of this.#keysOfSlot[slot]!) {
        const write = this.checker.begin('set', key);
        rows.push([key, valueOf(key, write.version)]);
        this.checker.acknowledge(write);
      }
      if (rows.length > 0) await engine.shard(this.map.owner(slot).id).apply(slot, this.#view.epoch, rows, []);
    });
    this.#rows = await this.#countRows();
  }

  /** Begins a migration for a button. */
  async changeShards(change: ChangeShards): Promise<number> {
    if (this.isScripted) throw new Refusal(409, 'The script is running; wait until it is done.');
    return (await this.#change(change)).epoch;
  }

  /** Changes the shards for the script, and waits for the end. */
  async migrate(change: ChangeShards): Promise<Migration> {
    const beganMs = performance.now();
    await (
      await this.#change(change)
    ).done;
    const { slots, rows } = this.#rows.moved(this.#before, this.map);
    const leastRows = this.#rows.leastMoved(this.#before.nodes.length, this.map.nodes.length);
    return { slots, rows, leastRows, rowsInAll: this.#rows.total, seconds: (performance.now() - beganMs) / 1000 };
  }

  kill(target: Kill['process']): number {
    const child = target === 'router' ? this.#router : this.#movers[0]!;
    const pid = child.kill();
    if (pid === undefined) throw new Refusal(409, `The ${target} is down.`);
    this.#windows.begin(child);
    return pid;
  }

  /** Rows on a shard that does not own them. */
  misplacedRows(): Promise<number> {
    return misplacedRows(this.#options.engine, this.#addresses.keys(), this.map, this.#view.epoch);
  }

  feed(): Feed {
    const { engine } = this.#options;
    const { counts, perSecond, unanswered, recentP99Ms } = this.traffic;
    const goal = this.#migration?.goal ?? null;
    const ids = this.map.nodes.map(({ id }) => id);
    return {
      phase: this.phase,
      engine: engine.kind,
      servers: engine.servers,
      epoch: this.#view.epoch,
      count: this.map.count,
      owners: ownersOf(this.map),
      shards: [...new Set([...ids, ...(goal ?? [])])].sort(byName),
      goal,
      step: this.#step,
      rows: this.#rows.total,
      movedRows: this.#rows.moved(this.#before, this.map).rows,
      optimalRows: Math.round(this.#rows.leastMoved(this.#before.nodes.length, goal?.length ?? ids.length)),
      operations: { ...counts, perSecond },
      unanswered,
      violations: { ...this.checker.violations },
      p99Ms: recentP99Ms,
      idleP99Ms: this.idleP99Ms,
      router: this.#router.state,
      mover: this.#movers[0]!.state,
      heat: this.#heat.splice(0, this.#heat.length, ...this.#heat.map(() => 0)),
    };
  }

  /** Stops clients and children; the engine is the caller's. */
  async close(): Promise<void> {
    this.traffic.cancel();
    await Promise.all([this.#router, ...this.#movers].map((child) => child.stop()));
  }

  #start(file: 'router' | 'mover', name: string, onReady: (child: Child) => void): Child {
    const { engine, batchSlots, paceMs, onFatal } = this.#options;
    const connection = (generation: number): string => `shard-router-${process.pid}-${name}-${generation}`;
    const child: Child = new Supervised<ToChild, FromChild>({
      name: file,
      file: new URL(`./processes/${file}.ts`, import.meta.url),
      loader: import.meta.resolve('tsx'),
      setup: (generation): string => {
        const shards = [...this.#addresses.values()];
        const setup: Setup = { name: connection(generation), slotMap: engine.slotMap, shards, batchSlots, paceMs };
        return JSON.stringify(setup);
      },
      onMessage: (message) => void this.#hear(child, message).catch(onFatal),
      onReady: () => {
        // Some may have come while it started.
        for (const shard of this.#addresses.values()) child.send({ type: 'shard', shard });
        onReady(child);
      },
      onDown: (generation) => {
        if (file === 'router') void this.#abandon(connection(generation)).catch(onFatal);
      },
      onFatal,
    });
    return child;
  }

  async #hear(child: Child, message: FromChild): Promise<void> {
    switch (message.type) {
      case 'call':
        child.send(await this.#options.engine.call(message));
        break;
      case 'answers':
        this.traffic.answers(message.answers);
        break;
      case 'step':
        this.#step = { kind: message.step.kind, slots: message.step.slots };
        if (message.step.kind === 'claim') {
          this.#windows.end(child);
          this.#probed = message.step.slots.flatMap((slot) => this.#keysOfSlot[slot]!);
        }
        this.onStep(message.step);
        // The other steps change nothing in the map.
        if (message.step.kind === 'claim' || message.step.kind === 'switch') await this.#view.refresh();
        break;
      case 'moved':
        this.#windows.end(child);
        await this.#view.refresh();
        this.#endIfReached();
        break;
      case 'gave-up':
        if (++this.#retries > retriesMax) throw new Error(`the mover gave up: ${message.message}`);
        setTimeout(() => child.send({ type: 'move' }), retryMs);
        break;
      case 'ready':
    }
  }

  /** The router is dead. What it had under way has happened or never will, once nothing of it is left to be read. */
  async #abandon(connection: string): Promise<void> {
    const writes = this.traffic.abandon();
    if (!(await this.#options.engine.bury(connection))) return;
    for (const write of writes) this.checker.settle(write);
  }

  async #change(change: ChangeShards): Promise<{ epoch: number; done: Promise<void> }> {
    if (this.#migration !== undefined) throw new Refusal(409, 'A migration is running; wait until it is done.');
    if (this.phase === 'loading' || this.phase === 'failed') throw new Refusal(409, 'There is nothing to move.');
    return this.#begin(
      goalOf(
        this.map.nodes.map(({ id }) => id),
        change,
      ),
    );
  }

  async #begin(goal: readonly string[]): Promise<{ epoch: number; done: Promise<void> }> {
    const { engine } = this.#options;
    const done = new Promise<void>((resolve) => (this.#migration = { goal, done: resolve, isStored: false }));
    this.#before = this.map;
    this.#retries = 0;
    this.phase = 'moving';
    this.#rows = await this.#countRows();
    for (const id of goal) {
      if (this.#addresses.has(id)) continue;
      const shard = await engine.add(id);
      this.#addresses.set(id, shard);
      for (const child of [this.#router, ...this.#movers]) child.send({ type: 'shard', shard });
    }
    const epoch = await setGoal(
      engine.store,
      goal.map((id) => ({ id })),
    );
    this.#migration!.isStored = true;
    await this.#view.refresh();
    for (const mover of this.#movers) mover.send({ type: 'move' });
    return { epoch, done };
  }

  /** In slices: all at once, it would be the longest wait that clients see in the whole migration. */
  async #countRows(): Promise<RowCount> {
    const counts: number[] = [];
    for (const keys of this.#keysOfSlot) {
      counts.push(keys.filter((key) => this.checker.exists(key) !== false).length);
      if (counts.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return new RowCount(counts);
  }

  /** A second mover may report the end of the last migration after this one has begun. */
  #endIfReached(): void {
    const migration = this.#migration;
    if (migration?.isStored !== true || !this.#view.isAtRest) return;
    this.#migration = undefined;
    this.#probed = [];
    this.#step = null;
    this.phase = this.isScripted ? 'idle' : 'done';
    migration.done();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
