/**
 * A miniature of the cache under one rule: what would happen to a sample of the keys?
 *
 * C. Waldspurger, T. Saemundsson, I. Ahmad, N. Park, "Cache modeling and optimization using miniature simulations", USENIX
 * ATC 2017: keys are sampled by their hash, so that all uses of a sampled key are seen, and the miniature is smaller by the
 * sampling rate; its hit ratio is then that of the whole within a point or so. Here it holds fingerprints alone, in the very
 * queues of the cache, so that it differs from it in nothing but the rule.
 *
 * Fingerprints are found by linear probing in a table at most half full, repaired by shifting back on removal (Knuth, TAOCP
 * 3, 6.4, algorithm R). Nothing is allocated after the constructor: some 30 bytes a fingerprint. O(1) a use.
 */
import { Queues } from './robust-queues.ts';

export class Shadow {
  declare readonly queues: Queues;
  declare private readonly capacity: number;
  declare private readonly fingerprints: Int32Array;
  /** Slots, 0 = empty. A power of two. */
  declare private readonly cells: Int32Array;
  private size = 0;

  constructor(rule: number, capacity: number) {
    this.capacity = capacity;
    this.fingerprints = new Int32Array(capacity + 1);
    this.cells = new Int32Array(2 ** (33 - Math.clz32(capacity)));
    this.queues = new Queues(rule, (slot) => this.fingerprints[slot] as number);
    this.queues.grow(capacity);
    this.queues.resize(capacity);
  }

  /** Uses a fingerprint: 1 if it was there, 0 if it had to be let in. */
  use(fingerprint: number): 0 | 1 {
    const { cells, fingerprints, queues } = this;
    const mask = cells.length - 1;
    let cell = home(fingerprint) & mask;
    for (; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const slot = cells[cell] as number;
      if (fingerprints[slot] === fingerprint) {
        queues.hit(slot);
        return 1;
      }
    }
    let slot = this.size;
    if (slot < this.capacity) {
      this.size = ++slot;
    } else {
      slot = queues.evict();
      this.erase(slot);
      cell = home(fingerprint) & mask;
      while (cells[cell] !== 0) cell = (cell + 1) & mask;
    }
    cells[cell] = slot;
    fingerprints[slot] = fingerprint;
    queues.insert(slot, fingerprint, false);
    return 0;
  }

  private erase(slot: number): void {
    const { cells, fingerprints } = this;
    const mask = cells.length - 1;
    let hole = home(fingerprints[slot] as number) & mask;
    while (cells[hole] !== slot) hole = (hole + 1) & mask;
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const from = home(fingerprints[cells[cell] as number] as number);
      // It may move back only as far as its home: not when that lies cyclically in (hole, cell].
      if (((cell - from) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell] as number;
      hole = cell;
    }
    cells[hole] = 0;
  }
}

/** Samples are alike in some mixture of their bits, so the table must go by another. */
function home(fingerprint: number): number {
  const h = Math.imul(fingerprint, 0x9e3779b1);
  return h ^ (h >>> 15);
}
