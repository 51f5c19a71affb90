/**
 * A world in which slots move under load: shards, a store, routers with clients, movers that compete, an operator who
 * changes his mind; every call through a network that loses, delays, pauses and kills. It ends with a check of every
 * key's history, and of what is left where.
 */
import {
  initSlotMap,
  memoryShard,
  memorySlotMapStore,
  setGoal,
  slotMover,
  slotRouter,
} from '../../src/migrate/index.ts';
import type { ClientShard, Shard, SlotMapDocument, SlotMapStore, SlotRouter } from '../../src/migrate/index.ts';
import { readDocument } from '../../src/migrate/document.ts';
import { FENCED } from '../../src/migrate/shard.ts';
import { plan } from '../../src/plan.ts';
import { slots } from '../../src/slots.ts';
import { withoutGuard } from './guards.ts';
import type { Guard } from './guards.ts';
import { Network, NO_FAULTS } from './network.ts';
import type { Process } from './network.ts';
import { violation } from './register.ts';
import type { Operation } from './register.ts';

export interface Setting {
  readonly seed: number;
  /** Operations of all clients together. */
  readonly operations: number;
  /** Leaves one guard out, to see whether it is missed. */
  readonly without?: Guard;
}

export interface Report {
  /** What no client may ever see; undefined if none did. */
  readonly violation: string | undefined;
  /** What is wrong with the world at the end, apart from that. */
  readonly leftover: string | undefined;
  readonly counts: Record<
    'acknowledged' | 'refused' | 'unanswered' | 'crashes' | 'moved' | 'rejectedRuns' | 'steps',
    number
  >;
}

type AnyShard = Shard & ClientShard;
type Recorded = Operation & { key: string; end: number; value?: string | undefined };

const IDS = ['a', 'b', 'c', 'd', 'e'];
const ROUTERS = 3;
const CLIENTS = 2;
const MOVERS_MAX = 3;
const GOALS = 3;

export class World {
  private readonly network: Network;
  private readonly setting: Setting;
  private readonly shards: ReadonlyMap<string, AnyShard>;
  private readonly store: SlotMapStore = memorySlotMapStore();
  private readonly documents: SlotMapDocument[] = [];
  private readonly keys: string[];
  private readonly history: Recorded[] = [];
  private readonly slotCount: number;
  private stamps = 0;
  private begun = 0;
  private goalsSet = 0;
  private isClosing = false;
  private epochFell: string | undefined;
  private readonly counts: Report['counts'] = {
    acknowledged: 0,
    refused: 0,
    unanswered: 0,
    crashes: 0,
    moved: 0,
    rejectedRuns: 0,
    steps: 0,
  };

  constructor(setting: Setting) {
    this.setting = setting;
    this.network = new Network(setting.seed, (process) => this.replace(process));
    // Some worlds are worse than others: too many faults, and nobody gets far enough for the rare ones.
    const upTo = (most: number): number => this.network.random() * most;
    this.network.faults = { loss: upTo(0.04), crash: upTo(0.008), pause: upTo(0.02), pauseMax: 400 };
    this.slotCount = 5 + this.network.below(6);
    this.keys = Array.from({ length: 6 + this.network.below(9) }, (_, i) => `key ${String(i)}`);
    this.shards = new Map(IDS.map((id) => [id, memoryShard()]));
  }

  async play(): Promise<Report> {
    const { network, setting } = this;
    await initSlotMap(this.store, slots(this.someIds(), { count: this.slotCount }));
    for (let i = 0; i < ROUTERS; i++) this.start('router');
    for (let i = network.below(MOVERS_MAX); i >= 0; i--) this.start('mover');
    this.start('operator');
    await network.until(() => this.begun >= setting.operations && this.goalsSet >= GOALS, 100 * setting.operations);
    network.faults = NO_FAULTS;
    this.isClosing = true;
    await network.until(() => network.isSilent, network.now + 100 * setting.operations);
    await this.finish();
    await this.readEverything();
    this.counts.steps = network.now;
    const leftover = this.epochFell ?? (await this.leftover());
    return { violation: this.violation(), leftover, counts: this.counts };
  }

  private someIds(): { id: string; weight: number }[] {
    const ids = IDS.filter(() => this.network.chance(0.6));
    const chosen = ids.length > 0 ? ids : [IDS[this.network.below(IDS.length)]!];
    return chosen.map((id) => ({ id, weight: 1 + this.network.below(2) }));
  }

  private start(name: string): void {
    const process: Process = { name, alive: true, pausedUntil: 0 };
    if (name === 'router') void this.routerLife(process);
    else if (name === 'mover') void this.moverLife(process);
    else void this.operatorLife(process);
  }

  private replace(dead: Process): void {
    this.counts.crashes++;
    this.start(dead.name);
  }

  /** The store as a process sees it: over the network, and now and then through a replica that lags behind. */
  private storeFor(process: Process): SlotMapStore {
    const { network, store, documents } = this;
    return {
      load: () =>
        network.call(process, async () => {
          const lag = network.chance(0.1) ? 1 + network.below(3) : 0;
          return documents.at(-1 - lag) ?? store.load();
        }),
      save: (next) =>
        network.call(process, async () => {
          const isStored = await store.save(next);
          if (isStored) documents.push(JSON.parse(JSON.stringify(next)) as SlotMapDocument);
          return isStored;
        }),
    };
  }

  private shardFor(process: Process, id: string): AnyShard {
    const shard = this.shards.get(id)!;
    // Without the check of the fence, every epoch is high enough.
    const seen = (epoch: number): number => (this.setting.without === 'fence check' ? Infinity : epoch);
    const call = <R>(effect: () => Promise<R>): Promise<R> => this.network.call(process, effect);
    return {
      fence: (slot, epoch) => call(() => shard.fence(slot, epoch)),
      scan: (slot, epoch, cursor, limit) => call(() => shard.scan(slot, seen(epoch), cursor, limit)),
      apply: (slot, epoch, puts, removes) => call(() => shard.apply(slot, seen(epoch), puts, removes)),
      clear: (slot, epoch) => call(() => shard.clear(slot, seen(epoch))),
      get: (slot, epoch, key) => call(() => shard.get(slot, seen(epoch), key)),
      set: (slot, epoch, key, value) => call(() => shard.set(slot, seen(epoch), key, value)),
      delete: (slot, epoch, key) => call(() => shard.delete(slot, seen(epoch), key)),
    };
  }

  private async moverLife(process: Process): Promise<void> {
    const { network } = this;
    const batchSlots = 1 + network.below(6);
    const pageSize = 1 + network.below(3);
    const parts = { store: this.storeFor(process), shard: (id: string) => this.shardFor(process, id) };
    const mover = slotMover({ ...withoutGuard(this.setting.without, parts), batchSlots, pageSize });
    while (!this.isClosing) {
      try {
        const { moved } = await mover.run();
        this.counts.moved += moved;
      } catch {
        this.counts.rejectedRuns++;
      }
      await network.sleep(process, 1 + network.below(100));
    }
  }

  private async operatorLife(process: Process): Promise<void> {
    const { network, setting } = this;
    while (this.goalsSet < GOALS) {
      await network.sleep(process, 1 + network.below(50));
      if (this.begun < (setting.operations * this.goalsSet) / GOALS) continue;
      try {
        await setGoal(this.storeFor(process), this.someIds());
        this.goalsSet++;
      } catch {
        // Set or not: he will say so again.
      }
    }
  }

  private async routerLife(process: Process): Promise<void> {
    const clock = { now: () => this.network.now, sleep: (ms: number) => this.network.sleep(process, ms) };
    const options = { store: this.storeFor(process), clock, retryMs: 5, timeoutMs: 150 };
    let router: SlotRouter | undefined;
    while (router === undefined) router = await slotRouter(options).catch(() => undefined);
    for (let i = 0; i < CLIENTS; i++) void this.clientLife(process, router);
  }

  private async clientLife(process: Process, router: SlotRouter): Promise<void> {
    const { network } = this;
    while (!this.isClosing) {
      const key = this.keys[network.below(this.keys.length)]!;
      const dice = network.random();
      await this.operate(process, router, key, dice < 0.4 ? 'get' : dice < 0.8 ? 'set' : 'delete');
      await network.sleep(process, network.below(20));
    }
  }

  private async operate(process: Process, router: SlotRouter, key: string, kind: Operation['kind']): Promise<void> {
    const operation: Recorded = { key, kind, start: ++this.stamps, end: Infinity };
    if (kind === 'set') operation.value = String(operation.start);
    this.history.push(operation);
    this.begun++;
    const before = router.epoch;
    try {
      const result = await router.run<unknown>(key, ({ id, slot, epoch }) => {
        const shard = this.shardFor(process, id);
        if (kind === 'get') return shard.get(slot, epoch, key);
        return kind === 'set' ? shard.set(slot, epoch, key, operation.value!) : shard.delete(slot, epoch, key);
      });
      if (result.ok) {
        this.counts.acknowledged++;
        operation.end = ++this.stamps;
        if (kind === 'get') operation.value = result.value as string | undefined;
      } else {
        this.counts.refused++;
        this.history.splice(this.history.indexOf(operation), 1);
      }
    } catch {
      this.counts.unanswered++;
    }
    if (router.epoch < before) this.epochFell = `a router went back from epoch ${String(before)}`;
  }

  /** What a mover that nobody disturbs makes of whatever state this is. */
  private async finish(): Promise<void> {
    const shard = (id: string): Shard => this.shards.get(id)!;
    const { moved } = await slotMover({ store: this.store, shard }).run();
    this.counts.moved += moved;
  }

  private async readEverything(): Promise<void> {
    const process: Process = { name: 'reader', alive: true, pausedUntil: 0 };
    const clock = { now: () => this.network.now, sleep: (ms: number) => this.network.sleep(process, ms) };
    const router = await slotRouter({ store: this.store, clock });
    let isDone = false;
    const reads = Promise.all(this.keys.map((key) => this.operate(process, router, key, 'get')));
    void reads.then(() => {
      isDone = true;
    });
    await this.network.until(() => isDone, this.network.now + 10_000);
  }

  private violation(): string | undefined {
    for (const key of this.keys) {
      const found = violation(this.history.filter((operation) => operation.key === key));
      if (found !== undefined) return `${key}: ${found}`;
    }
    return undefined;
  }

  /** A migration that has ended leaves the goal's nodes, its owners, no garbage, and nothing with who is no owner. */
  private async leftover(): Promise<string | undefined> {
    const map = readDocument((await this.store.load())!, []);
    if (map.goal !== null || map.garbage.length > 0) return 'the migration has not ended';
    if (plan(map.slots, map.slots.nodes).length > 0) return 'slots are not where the goal wants them';
    for (const [id, shard] of this.shards) {
      for (let slot = 0; slot < this.slotCount; slot++) {
        if (map.slots.owner(slot).id === id) continue;
        const page = await shard.scan(slot, Infinity, undefined, 1);
        if (page !== FENCED && page.entries.length > 0) return `${id} still has slot ${String(slot)}`;
      }
    }
    return undefined;
  }
}
