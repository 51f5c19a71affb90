/**
 * The stock over several shards: consistent hashing says who owns a product, and a change of shards moves exactly the
 * products whose owner changed, while orders go on.
 *
 * Each shard is a shelf with a log of its own in `stock/<id>/`. The order of a change is what makes it safe:
 *   1. the new list of shards is durable;
 *   2. for a few products at a time, commands for them wait; the new owner imports each product, durably; then the
 *      old owner drops it, durably; then the waiting commands go on, to the new owner;
 *   3. the change is closed, durably, and the folders of shards that left are deleted.
 * So at any moment of a kill a product is on its old shelf, or on both; never on none. The next start reads the list,
 * and for each product that is not where it belongs does the same again; where there are two copies the owner's is
 * the newer one and wins, because nothing was applied to the other after the import. A folder whose shard is not in
 * the list holds nothing any more, perhaps not even a readable log, and is deleted before anything is opened.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { diff, ring, type Ring } from '@loadbearing/consistent-hash';
import { Journaled } from '../journaled.ts';
import type { ShelfChange } from '../live-state.ts';
import {
  dumpProduct,
  release,
  reserve,
  sell,
  shelfMachine,
  totals,
  type ReserveAnswer,
  type Ruling,
  type Shelf,
  type ShelfEvent,
  type ShelfTotals,
} from './shelf.ts';
import { topologyMachine, type Topology, type TopologyEvent } from './topology.ts';

export const shardsMax = 16;
const firstShards = ['shard-1', 'shard-2', 'shard-3', 'shard-4'];
/** Products that move together, and whose commands wait meanwhile. */
const batchProducts = 16;

type OpenShelf = Journaled<Shelf, ShelfEvent>;

export type ChangeAnswer =
  | { readonly ok: true; readonly change: ShelfChange }
  | { readonly ok: false; readonly code: string; readonly message: string };

export class Stock {
  /** Whether there was no stock in the folder before. */
  readonly isNew: boolean;
  readonly #dir: string;
  readonly #onFailure: ((error: Error) => void) | undefined;
  readonly #topology: Journaled<Topology, TopologyEvent>;
  readonly #shelves = new Map<string, OpenShelf>();
  /** Products that are not on the shard that the ring names: where they still are. */
  readonly #elsewhere = new Map<string, string>();
  /** Products in the act of moving; their commands wait for this. */
  readonly #moving = new Map<string, Promise<void>>();
  #ring: Ring;
  #change: Promise<unknown> | undefined;
  #progress: { done: number; total: number } | undefined;
  #lastChange: ShelfChange | undefined;

  private constructor(dir: string, topology: Journaled<Topology, TopologyEvent>, onFailure?: (error: Error) => void) {
    this.isNew = topology.isNew;
    this.#dir = dir;
    this.#onFailure = onFailure;
    this.#topology = topology;
    this.#ring = ring(topology.state.active);
  }

  /**
   * Opens all shards and finishes the change that a killed process left; answers how many products that moved.
   * `onFailure` hears that a part could not store something and has stopped: the process should end.
   */
  static async open(
    dir: string,
    onFailure?: (error: Error) => void,
  ): Promise<{ readonly stock: Stock; readonly productsMoved: number }> {
    await mkdir(dir, { recursive: true });
    const topology = await Journaled.open(path.join(dir, 'topology'), topologyMachine, { onFailure });
    if (topology.state.active.length === 0) {
      await topology.record([{ type: 'changing', active: firstShards, leaving: [] }, { type: 'changed' }]);
    }
    const stock = new Stock(dir, topology, onFailure);
    try {
      const { active, leaving } = topology.state;
      const listed = [...active, ...leaving];
      for (const name of await readdir(dir)) {
        if (name.startsWith('shard-') && !listed.includes(name)) await stock.#removeFolder(name);
      }
      for (const id of listed) await stock.#openShelf(id);
      return { stock, productsMoved: await stock.#settleAll() };
    } catch (error) {
      await stock.close();
      throw error;
    }
  }

  get ring(): Ring {
    return this.#ring;
  }

  get progress(): { readonly done: number; readonly total: number } | null {
    return this.#progress ?? null;
  }

  get lastChange(): ShelfChange | null {
    return this.#lastChange ?? null;
  }

  has(sku: string): boolean {
    return this.#holder(sku)?.state.has(sku) ?? false;
  }

  /** Where a product is and how many are left. */
  level(sku: string): { readonly shard: string; readonly onHandUnits: number } {
    const shard = this.#place(sku);
    return { shard, onHandUnits: this.#shelves.get(shard)?.state.get(sku)?.onHand ?? 0 };
  }

  /** Whether this reservation has become a sale. For the books. */
  hasSold(sku: string, key: string): boolean {
    return this.#holder(sku)?.state.get(sku)?.settled.get(key) === 'sold';
  }

  /** Suppliers bring units of each product, new ones included. */
  async deliver(skus: Iterable<string>, units: number): Promise<void> {
    const wanted = [...skus];
    const moving = (): Promise<void>[] => wanted.flatMap((sku) => this.#moving.get(sku) ?? []);
    for (let waits = moving(); waits.length > 0; waits = moving()) await Promise.all(waits);
    const byShard = new Map<string, ShelfEvent[]>();
    for (const sku of wanted) {
      const shard = this.#place(sku);
      const events = byShard.get(shard) ?? [];
      events.push({ type: 'delivered', sku, units });
      byShard.set(shard, events);
    }
    await Promise.all([...byShard].map(([shard, events]) => this.#shelves.get(shard)!.record(events)));
  }

  /** Idempotent by `key`. */
  reserve(sku: string, key: string, units: number): Promise<ReserveAnswer> {
    return this.#command(sku, (shelf) => reserve(shelf, sku, key, units));
  }

  release(sku: string, key: string): Promise<'released' | 'already-sold'> {
    return this.#command(sku, (shelf) => release(shelf, sku, key));
  }

  sell(sku: string, key: string): Promise<'sold' | 'not-reserved'> {
    return this.#command(sku, (shelf) => sell(shelf, sku, key));
  }

  /** Adds the next shard, or removes one; one change at a time. */
  change(kind: 'add' | 'remove', shard?: string): Promise<ChangeAnswer> {
    const refused = (code: string, message: string): Promise<ChangeAnswer> =>
      Promise.resolve({ ok: false, code, message });
    const { active } = this.#topology.state;
    if (this.#change !== undefined)
      return refused('CHANGE_UNDER_WAY', 'Shards are being changed; try again in a moment.');
    if (kind === 'add') {
      if (active.length >= shardsMax)
        return refused('TOO_MANY_SHARDS', `There are ${shardsMax} shards; that is the limit.`);
      const numbers = active.map((id) => Number(id.slice('shard-'.length)));
      const id = `shard-${Math.max(...numbers) + 1}`;
      return this.#begin('add', id, [...active, id]);
    }
    if (shard === undefined || !active.includes(shard)) {
      return refused('UNKNOWN_SHARD', `There is no shard "${shard ?? ''}"; there are ${active.join(', ')}.`);
    }
    if (active.length === 1)
      return refused('LAST_SHARD', 'The last shard stays: its products would have nowhere to go.');
    return this.#begin('remove', shard, active.filter((id) => id !== shard)); // prettier-ignore
  }

  /** Each product is counted once, where its commands go: in the act of moving it is on two shelves. */
  totals(): ReadonlyMap<string, ShelfTotals> {
    const isHere = (sku: string, id: string): boolean => !this.#moving.has(sku) || this.#place(sku) === id;
    return new Map([...this.#shelves].map(([id, shelf]) => [id, totals(shelf.state, (sku) => isHere(sku, id))]));
  }

  async close(): Promise<void> {
    await this.#change?.catch(() => undefined);
    await Promise.all([...this.#shelves.values(), this.#topology].map((part) => part.close()));
  }

  /** The shard that has a product, or would get it. */
  #place(sku: string): string {
    return this.#elsewhere.get(sku) ?? this.#ring.locate(sku).id;
  }

  #holder(sku: string): OpenShelf | undefined {
    return this.#shelves.get(this.#place(sku));
  }

  async #command<Answer extends string>(sku: string, decide: (shelf: Shelf) => Ruling<Answer>): Promise<Answer> {
    for (let moving = this.#moving.get(sku); moving !== undefined; moving = this.#moving.get(sku)) await moving;
    // From here to `record` nothing yields: what was decided is decided on the state it is applied to.
    const shelf = this.#holder(sku)!;
    const { events, answer } = decide(shelf.state);
    await shelf.record(events);
    return answer;
  }

  async #openShelf(id: string): Promise<OpenShelf> {
    const shelf = await Journaled.open(path.join(this.#dir, id), shelfMachine, { onFailure: this.#onFailure });
    this.#shelves.set(id, shelf);
    return shelf;
  }

  #begin(kind: 'add' | 'remove', shard: string, active: readonly string[]): Promise<ChangeAnswer> {
    const changing = this.#run(kind, shard, active).finally(() => (this.#change = undefined));
    this.#change = changing;
    // Half done it is finished by the next start, and by nothing else.
    changing.catch((error: unknown) => this.#onFailure?.(error instanceof Error ? error : new Error(String(error))));
    return changing;
  }

  async #run(kind: 'add' | 'remove', shard: string, active: readonly string[]): Promise<ChangeAnswer> {
    const before = this.#ring;
    const after = ring(active);
    await this.#topology.record([{ type: 'changing', active, leaving: kind === 'remove' ? [shard] : [] }]);
    if (kind === 'add') await this.#openShelf(shard);
    let productsTotal = 0;
    let productsMovedByModulo = 0;
    for (const shelf of this.#shelves.values()) {
      for (const sku of shelf.state.keys()) {
        productsTotal++;
        const hash = after.hashOf(sku);
        if (hash % before.nodes.length !== hash % after.nodes.length) productsMovedByModulo++;
        if (before.locate(sku).id !== after.locate(sku).id) this.#elsewhere.set(sku, before.locate(sku).id);
      }
    }
    this.#ring = after;
    const productsMoved = await this.#settleAll();
    const change: ShelfChange = {
      atMs: Date.now(),
      kind,
      shard,
      productsMoved,
      productsTotal,
      shareMoved: diff(before, after).reduce((sum, { share }) => sum + share, 0),
      shareIdeal: 1 / Math.max(before.nodes.length, after.nodes.length),
      productsMovedByModulo,
    };
    this.#lastChange = change;
    return { ok: true, change };
  }

  /** Puts every product where the ring wants it and closes the change. Answers how many moved. */
  async #settleAll(): Promise<number> {
    const misplaced: { sku: string; from: string; to: string }[] = [];
    for (const [from, shelf] of this.#shelves) {
      for (const sku of shelf.state.keys()) {
        const to = this.#ring.locate(sku).id;
        if (to === from) continue;
        misplaced.push({ sku, from, to });
        // A kill between import and export leaves two copies; the owner's counts.
        if (!this.#shelves.get(to)!.state.has(sku)) this.#elsewhere.set(sku, from);
      }
    }
    this.#progress = { done: 0, total: misplaced.length };
    for (let at = 0; at < misplaced.length; at += batchProducts) {
      const batch = misplaced.slice(at, at + batchProducts);
      const moved = this.#move(batch);
      for (const { sku } of batch) this.#moving.set(sku, moved);
      try {
        await moved;
      } finally {
        for (const { sku } of batch) this.#moving.delete(sku);
      }
      this.#progress.done += batch.length;
    }
    this.#progress = undefined;
    const { leaving } = this.#topology.state;
    await this.#topology.record([{ type: 'changed' }]);
    for (const id of leaving) {
      const shelf = this.#shelves.get(id);
      this.#shelves.delete(id);
      await shelf?.close();
      await this.#removeFolder(id);
    }
    return misplaced.length;
  }

  async #removeFolder(id: string): Promise<void> {
    await rm(path.join(this.#dir, id), { recursive: true, force: true });
  }

  async #move(batch: readonly { readonly sku: string; readonly from: string; readonly to: string }[]): Promise<void> {
    const imports = new Map<string, ShelfEvent[]>();
    const exports = new Map<string, ShelfEvent[]>();
    const push = (into: Map<string, ShelfEvent[]>, shard: string, event: ShelfEvent): void => {
      into.set(shard, [...(into.get(shard) ?? []), event]);
    };
    for (const { sku, from, to } of batch) {
      push(exports, from, { type: 'exported', sku });
      if (this.#shelves.get(to)!.state.has(sku)) continue;
      push(imports, to, { type: 'imported', sku, product: dumpProduct(this.#shelves.get(from)!.state.get(sku)!) });
    }
    const record = ([shard, events]: [string, ShelfEvent[]]): Promise<void> => this.#shelves.get(shard)!.record(events);
    await Promise.all([...imports].map(record));
    for (const { sku } of batch) this.#elsewhere.delete(sku);
    await Promise.all([...exports].map(record));
  }
}
