/**
 * The key index: from key to slot, in a table of our own instead of a `Map`.
 *
 * A `Map` pays for deletions with tombstones and rehashing, and an evicting cache deletes at every insertion. Here:
 * open addressing with linear probing and backward-shift deletion (Knuth, TAOCP 3, 6.4, algorithm R), which leaves no
 * tombstones, so the table never grows under churn. At most two cells in five are taken. A cell is one
 * 32-bit word: the slot in its low bits, and in the others the same bits of the key's hash, a tag that spares nearly
 * every comparison with another key. The hash's low bits are the home cell. 0 is an empty cell; there is no slot 0.
 *
 * Keys are compared with `===` in the end, so a bad hash is slow and never wrong. How a string is hashed moves through
 * three levels, each entered when the one before needed too many probes: `sampled` (8 units), `learned` (the units that
 * tell the stored keys apart, found at most four times), `map` (a `Map` after all: hostile keys, or ids in the middle of
 * long texts). The index only counts its probes and so cannot be talked out of noticing. A level change re-places every
 * key, O(size), and loses none.
 *
 * Other keys than strings and numbers, and NaN, live in a `Map` at every level: there is nothing in them to hash.
 */
import { Fingerprints } from './fingerprint.ts';
import { type DoubleBits, doubleBits, hashAt, hashDouble, hashInt, hashSampled } from './hash.ts';
import { learnPositions } from './learn-positions.ts';
import type { IndexLevel } from './types.ts';
import { widened } from './widen.ts';

/** Inserts over which probes are averaged. */
const watchInserts = 4096;
const probesMeanMost = 4;
/** No honest table of this load has a run as long as this. */
const probesMost = 512;
const learningsMost = 4;
const sampleMost = 512;

export class KeyIndex {
  /** The hash of the key that `find` last did not find or `remove` last took out: what `add` wants for it. */
  sought = 0;
  level: IndexLevel = 'sampled';
  declare private readonly seed: number;
  /** There if somebody asks for the hashes of keys that live in the `Map`. */
  declare private readonly fingerprints: Fingerprints | undefined;
  private readonly bits: DoubleBits = doubleBits();
  /** Keys at 2s; the store's. */
  declare private entries: readonly unknown[];
  declare private hashes: Int32Array;
  declare private cells: Int32Array;
  /** Cells less one: a power of two less one. */
  declare private mask: number;
  /** Of the level `learned`. */
  private positions: Int8Array | undefined;
  /** Keys that are not in the cells. */
  private readonly aside = new Map<unknown, number>();
  private learnings = 0;
  private probesLeft = watchInserts * probesMeanMost;
  private insertsLeft = watchInserts;

  /** `entries` holds the key of slot s at 2s. */
  constructor(entries: readonly unknown[], capacity: number, seed: number, fingerprinting: boolean) {
    this.seed = seed;
    this.fingerprints = fingerprinting ? new Fingerprints(seed) : undefined;
    this.entries = entries;
    this.hashes = new Int32Array(capacity + 1);
    this.cells = new Int32Array(cellsFor(capacity));
    this.mask = this.cells.length - 1;
  }

  /** The slot of a key, 0 = none; then `sought` is its hash. */
  find(key: unknown): number {
    if (this.level !== 'map') {
      if (typeof key === 'string') return this.findString(key);
      if (typeof key === 'number' && key === key) return this.findNumber(key);
    }
    const slot = this.aside.get(key) ?? 0;
    if (slot === 0 && this.fingerprints !== undefined) this.sought = this.fingerprints.of(key);
    return slot;
  }

  /** Enters the slot of a key that is not held; its hash is what `sought` was after `find`. */
  add(slot: number, hash: number): void {
    const key = this.entries[2 * slot];
    this.hashes[slot] = hash;
    if (this.isAside(key)) {
      this.aside.set(key, slot);
      return;
    }
    const probes = this.place(slot, hash);
    this.probesLeft -= probes;
    if (this.probesLeft < 0 || probes > probesMost) this.ascend(hash);
    else if (--this.insertsLeft === 0) this.watchAnew();
  }

  /** Forgets a slot, whose key is still there. */
  remove(slot: number): void {
    const key = this.entries[2 * slot];
    this.sought = this.hashes[slot] as number;
    if (this.isAside(key)) this.aside.delete(key);
    else this.displace(slot);
  }

  hashOf(slot: number): number {
    return this.hashes[slot] as number;
  }

  /** More slots, in an array of keys that takes the place of the old one. O(slots). */
  grow(entries: readonly unknown[], capacity: number): void {
    this.entries = entries;
    this.hashes = widened(this.hashes, capacity + 1);
    const { cells, mask, hashes } = this;
    const wanted = cellsFor(capacity);
    if (this.level === 'map' || wanted === cells.length) return;
    this.cells = new Int32Array(wanted);
    this.mask = wanted - 1;
    for (const cell of cells) if (cell !== 0) this.place(cell & mask, hashes[cell & mask] as number);
  }

  private findString(key: string): number {
    const h = this.positions === undefined ? hashSampled(key, this.seed) : hashAt(key, this.positions, this.seed);
    const { cells, entries, mask } = this;
    let at = h & mask;
    for (let cell = cells[at] as number; cell !== 0; cell = cells[at] as number) {
      if (((cell ^ h) & ~mask) === 0) {
        const slot = cell & mask;
        const held = entries[2 * slot];
        // Asking for the type keeps the comparison one of strings, whatever other caches hold.
        if (typeof held === 'string' && held === key) return slot;
      }
      at = (at + 1) & mask;
    }
    this.sought = h;
    return 0;
  }

  private findNumber(key: number): number {
    const h = (key | 0) === key ? hashInt(key, this.seed) : hashDouble(key, this.seed, this.bits);
    const { cells, entries, mask } = this;
    let at = h & mask;
    for (let cell = cells[at] as number; cell !== 0; cell = cells[at] as number) {
      if (((cell ^ h) & ~mask) === 0) {
        const slot = cell & mask;
        const held = entries[2 * slot];
        if (typeof held === 'number' && held === key) return slot;
      }
      at = (at + 1) & mask;
    }
    this.sought = h;
    return 0;
  }

  private isAside(key: unknown): boolean {
    return this.level === 'map' || (typeof key !== 'string' && (typeof key !== 'number' || key !== key));
  }

  /** Puts a slot into the first empty cell from its home on; answers how many cells it looked at. */
  private place(slot: number, hash: number): number {
    const { cells, mask } = this;
    let at = hash & mask;
    let probes = 1;
    while (cells[at] !== 0) {
      at = (at + 1) & mask;
      probes++;
    }
    cells[at] = (hash & ~mask) | slot;
    return probes;
  }

  /** Empties a slot's cell and moves back what is behind it and would no longer be reached over the gap. */
  private displace(slot: number): void {
    const { cells, hashes, mask } = this;
    const hash = hashes[slot] as number;
    const wanted = (hash & ~mask) | slot;
    let gap = hash & mask;
    while (cells[gap] !== wanted) gap = (gap + 1) & mask;
    let at = (gap + 1) & mask;
    for (let cell = cells[at] as number; cell !== 0; cell = cells[at] as number) {
      const home = (hashes[cell & mask] as number) & mask;
      // Its home is at the gap or before it, seen from where it is: it may go there, and leaves a gap itself.
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        cells[gap] = cell;
        gap = at;
      }
      at = (at + 1) & mask;
    }
    cells[gap] = 0;
  }

  private watchAnew(): void {
    this.insertsLeft = watchInserts;
    this.probesLeft = watchInserts * probesMeanMost;
  }

  /** Too many probes: looks elsewhere in the keys, or gives up and uses a `Map`. O(size). */
  private ascend(near: number): void {
    this.watchAnew();
    const { cells, mask, entries, hashes } = this;
    const positions = this.learnings++ < learningsMost ? learnPositions(this.sample(near)) : undefined;
    this.positions = positions;
    this.level = positions === undefined ? 'map' : 'learned';
    this.cells = new Int32Array(positions === undefined ? 0 : cells.length);
    for (const cell of cells) {
      if (cell === 0) continue;
      const slot = cell & mask;
      const key = entries[2 * slot];
      if (positions === undefined) {
        this.aside.set(key, slot);
        hashes[slot] = this.fingerprints?.of(key) ?? 0;
      } else {
        if (typeof key === 'string') hashes[slot] = hashAt(key, positions, this.seed);
        this.place(slot, hashes[slot] as number);
      }
    }
  }

  /** Strings that are held: half from the run that was too long, half from everywhere. */
  private sample(near: number): string[] {
    const { cells, mask, entries } = this;
    const keys = new Set<string>();
    const take = (at: number, most: number): void => {
      const key = entries[2 * ((cells[at] as number) & mask)];
      if (typeof key === 'string' && keys.size < most) keys.add(key);
    };
    for (let at = near & mask, seen = 0; cells[at] !== 0 && seen < sampleMost; at = (at + 1) & mask, seen++) {
      take(at, sampleMost / 2);
    }
    const stride = Math.max(1, cells.length / sampleMost / 2);
    for (let at = 0; at < cells.length; at += stride) take(at, sampleMost);
    return [...keys];
  }
}

/**
 * A power of two, at least 2.5 times the slots; twice as many while that is 64 KB or less, because a small cache lives in
 * the processor's own and waits for mispredicted probes, not for memory. A cell's low bits can name a slot as well.
 */
function cellsFor(capacity: number): number {
  let cells = 8;
  while (cells < 2.5 * capacity) cells *= 2;
  return cells <= 8192 ? 2 * cells : cells;
}
