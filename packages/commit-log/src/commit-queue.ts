/**
 * Group commit, the part that decides: which waiting appends go out together.
 *
 * A sync costs the same for one append as for a thousand, so everything that arrived while the last one ran shares
 * the next (Gawlick 1985; DeWitt et al. 1984, "group commit"). There is no timer: the sync in flight is the waiting
 * time, and a lone append never waits for company.
 *
 * Invariants: appends leave in the order they came, each whole; a group is at most `groupBytesMax`, or one append;
 * what is taken and not settled is at most `inFlightBytesMax` and one append more, whatever callers do.
 */
import type { Appended } from './types.ts';

/** Upper bound of a group of several appends. */
export const GROUP_BYTES_MAX: number = 4 * 1024 * 1024;

export interface PendingAppend {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly timestamp: number;
  readonly maxTimestamp: number;
  readonly durable: boolean;
  baseOffset: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Something that must not overlap with writes: a sync, a roll, the close. It settles its own promise. */
export interface PendingTask {
  readonly run: () => Promise<void>;
}

export type Pending = PendingAppend | PendingTask;

export class CommitQueue {
  readonly #inFlightBytesMax: number;
  #entries: (Pending | undefined)[] = [];
  #head: number = 0;
  #inFlightBytes: number = 0;

  constructor(inFlightBytesMax: number) {
    this.#inFlightBytesMax = inFlightBytesMax;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get hasRoom(): boolean {
    return this.#inFlightBytes < this.#inFlightBytesMax;
  }

  get first(): Pending | undefined {
    return this.#entries[this.#head];
  }

  push(entry: Pending): void {
    this.#entries.push(entry);
    if ('bytes' in entry) this.#inFlightBytes += entry.bytes.length;
  }

  shift(): Pending | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#entries[this.#head++] = undefined;
    // Drop the empty front once it is the larger half: O(1) amortised.
    if (this.#head > 64 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  /**
   * Takes the appends at the head that may share a write: at least one, none behind a task, at most
   * `appendsMax`, and together no more than `bytesMax` (which the first one may exceed).
   */
  takeGroup(bytesMax: number, appendsMax: number): PendingAppend[] {
    const group: PendingAppend[] = [];
    let bytes = 0;
    while (group.length < appendsMax) {
      const entry = this.first;
      if (entry === undefined || !('bytes' in entry)) break;
      if (group.length > 0 && bytes + entry.bytes.length > bytesMax) break;
      bytes += entry.bytes.length;
      group.push(entry);
      this.shift();
    }
    return group;
  }

  /** Appends that are settled no longer count. */
  release(group: readonly PendingAppend[]): void {
    for (const { bytes } of group) this.#inFlightBytes -= bytes.length;
  }
}

/** The bytes of a group as one buffer, so that it is one write. A lone append is not copied. */
export function joinGroup(group: readonly PendingAppend[]): Uint8Array {
  if (group.length === 1) return group[0]!.bytes;
  let total = 0;
  for (const { bytes } of group) total += bytes.length;
  const joined = new Uint8Array(total);
  let at = 0;
  for (const { bytes } of group) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}
