/**
 * What a migration needs of a shard: a fence for each slot, and reads and writes that honour it.
 *
 * The idea is the fencing token. Every call carries the epoch of the slot map that its caller believes in; a shard that
 * has been told of a higher one for that slot refuses, and does nothing. So a router with an old map cannot write to a
 * slot that is leaving, and a mover that was paused for an hour cannot copy over what came later. The fence must be as
 * durable as the data and checked in the same atomic step as the operation it guards; one kept beside the data, or
 * checked a moment before, guards nothing.
 */

/**
 * The refusal of a call whose epoch is below the slot's fence. A registered symbol, because one process may hold an
 * ESM and a CommonJS copy of this package.
 */
export const FENCED: unique symbol = Symbol.for('@loadbearing/consistent-hash/fenced') as never;
export type Fenced = typeof FENCED;

/** Done, or refused. */
// `void` and not `undefined`, so that whoever writes a shard may let a function simply end.
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type
export type Done = void | Fenced;

/** A page of a slot's entries, and where the next begins; no cursor behind the last page. */
export interface ScanPage<V> {
  readonly entries: readonly (readonly [string, V])[];
  readonly cursor: string | undefined;
}

/** The store of one node, slot by slot. Every call may reject; the caller then knows nothing about its outcome. */
export interface Shard<V = string> {
  /** Durable and monotone: fence = max(fence, epoch). */
  fence(slot: number, epoch: number): Promise<void>;
  /** Every entry present during the whole scan at least once; others may be missing or repeated. */
  scan(slot: number, epoch: number, cursor: string | undefined, limit: number): Promise<ScanPage<V> | Fenced>;
  /** All or nothing. */
  apply(
    slot: number,
    epoch: number,
    puts: readonly (readonly [string, V])[],
    removes: readonly string[],
  ): Promise<Done>;
  /** Removes the data of the slot and keeps its fence. */
  clear(slot: number, epoch: number): Promise<Done>;
}

/** What the clients of a shard call, through `SlotRouter.run`: one key, under the epoch of the router's map. */
export interface ClientShard<V = string> {
  get(slot: number, epoch: number, key: string): Promise<V | undefined | Fenced>;
  set(slot: number, epoch: number, key: string, value: V): Promise<Done>;
  /** Whether the key was there. */
  delete(slot: number, epoch: number, key: string): Promise<boolean | Fenced>;
}
