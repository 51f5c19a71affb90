/**
 * A count-min sketch of 4-bit counters that forgets: how often was a key used lately?
 *
 * G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM Transactions on Storage 13,
 * 2017. Four rows; a use adds one to a counter in each, and the estimate is the least of the four: never below the count
 * since the last halving (up to 15), above it only if other keys share all four. After 10 uses per entry of the cache all
 * counters are halved, so old popularity fades. Only the least counters are raised (the paper's "minimal increment", Estan
 * and Varghese's conservative update), which errs less for rare keys, the ones that must not be mistaken for popular.
 *
 * Where we depart: the four rows of a key lie in one block of 16 bytes (a word of eight counters a row), so that a use
 * touches one cache line and not four. Keys of one block share more than chance would have it; hence, as in Caffeine, a row
 * has four counters for each entry of the cache. (With one, which the paper finds enough on its traces, traffic with many
 * keys used once differs by up to three points of hit ratio from exact counts; with four by less than one, unless no key is
 * popular and ties decide.)
 *
 * Cost: O(1) a use, 8 to 16 bytes an entry; a halving is one pass over the words, O(max) after every 10 max uses.
 */
const COUNTERS_PER_ENTRY = 4;
const SMALLEST_ROW = 64;
const USES_PER_ENTRY = 10;

export class Sketch {
  private words: Int32Array = new Int32Array(0);
  private blockMask = 0;
  private period = 0;
  private uses = 0;

  /** For a cache of `max` entries, with nothing counted. */
  reset(max: number): void {
    const row = Math.max(SMALLEST_ROW, 2 ** (32 - Math.clz32(COUNTERS_PER_ENTRY * max - 1)));
    if (this.words.length === row / 2) this.words.fill(0);
    else this.words = new Int32Array(row / 2);
    this.blockMask = row / 8 - 1;
    this.period = USES_PER_ENTRY * max;
    this.uses = 0;
  }

  /** 0..15. */
  estimate(hash: number): number {
    const { words } = this;
    const h = mixed(hash);
    const block = (h & this.blockMask) << 2;
    const a = (words[block] as number) >>> (((h >>> 20) & 7) << 2);
    const b = (words[block + 1] as number) >>> (((h >>> 23) & 7) << 2);
    const c = (words[block + 2] as number) >>> (((h >>> 26) & 7) << 2);
    const d = (words[block + 3] as number) >>> ((h >>> 29) << 2);
    return Math.min(a & 15, b & 15, c & 15, d & 15);
  }

  /** Counts one use. */
  add(hash: number): void {
    const { words } = this;
    const h = mixed(hash);
    const block = (h & this.blockMask) << 2;
    const shiftA = ((h >>> 20) & 7) << 2;
    const shiftB = ((h >>> 23) & 7) << 2;
    const shiftC = ((h >>> 26) & 7) << 2;
    const shiftD = (h >>> 29) << 2;
    const wordA = words[block] as number;
    const wordB = words[block + 1] as number;
    const wordC = words[block + 2] as number;
    const wordD = words[block + 3] as number;
    const a = (wordA >>> shiftA) & 15;
    const b = (wordB >>> shiftB) & 15;
    const c = (wordC >>> shiftC) & 15;
    const d = (wordD >>> shiftD) & 15;
    const least = Math.min(a, b, c, d);
    if (least < 15) {
      if (a === least) words[block] = wordA + (1 << shiftA);
      if (b === least) words[block + 1] = wordB + (1 << shiftB);
      if (c === least) words[block + 2] = wordC + (1 << shiftC);
      if (d === least) words[block + 3] = wordD + (1 << shiftD);
    }
    if (++this.uses >= this.period) this.halve();
  }

  private halve(): void {
    const { words } = this;
    for (let at = 0; at < words.length; at++) words[at] = ((words[at] as number) >>> 1) & 0x77777777;
    this.uses >>= 1;
  }
}

/** Fingerprints may be poor in some bits (small integers); blocks take the low ones, counters the high ones. */
function mixed(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) ^ (h >>> 13);
}
