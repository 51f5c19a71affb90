/**
 * Ghosts in two bytes each: which keys were evicted lately, and from which of two queues?
 *
 * Each key has one cell, found by its hash, that holds 15 other bits of the hash and one for the queue. A later eviction with
 * the same cell takes its place, so ghosts die at random instead of in order: with twice as many cells as entries, one in
 * two outlives 1.4 cache sizes of evictions, one in ten 4.6. For a policy that is no loss but a gain: on a loop that is
 * somewhat longer than an orderly ghost list, the list has always just forgotten what comes next, and this has not.
 * (`ghost.ts`, which keeps the order, is for the policies whose papers ask for it.)
 *
 * A look-up in a cell of another key is mistaken once in 32,768 times. O(1), one cache line, no probing, nothing allocated.
 */
export class GhostTable {
  /** Cells in use for each queue. */
  readonly counts: [number, number] = [0, 0];
  declare private readonly cells: Uint16Array;

  constructor(cells: number) {
    this.cells = new Uint16Array(cells);
  }

  /** Remembers a key as evicted from queue 0 or 1. */
  add(hash: number, queue: 0 | 1): void {
    const cell = this.cellOf(hash);
    this.forget(cell);
    this.cells[cell] = tagOf(hash) | queue;
    this.counts[queue]++;
  }

  /** Takes a key out: the queue it was evicted from, or -1 when it is not remembered. */
  take(hash: number): -1 | 0 | 1 {
    const cell = this.cellOf(hash);
    const found = this.cells[cell] as number;
    if ((found & ~1) !== tagOf(hash)) return -1;
    this.forget(cell);
    return (found & 1) as 0 | 1;
  }

  private forget(cell: number): void {
    const found = this.cells[cell] as number;
    if (found === 0) return;
    this.counts[(found & 1) as 0 | 1]--;
    this.cells[cell] = 0;
  }

  private cellOf(hash: number): number {
    return Math.floor(((Math.imul(hash, 0x9e3779b1) >>> 0) / 2 ** 32) * this.cells.length);
  }
}

/** 15 bits, shifted by one, and never 0, which is an empty cell. */
function tagOf(hash: number): number {
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 16) & 0xfffe || 2;
}
