/** Durations by size, 16 classes to each doubling: a percentile within 5 %, in constant memory. */
const perDoubling = 16;
const classes = 32 * perDoubling;
/** The least duration that is told from none. */
const leastMs = 0.001;

export class Latency {
  readonly #counts = new Uint32Array(classes);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    const place = Math.floor(Math.log2(Math.max(ms, leastMs) / leastMs) * perDoubling);
    this.#counts[Math.min(place, classes - 1)]!++;
    this.#total++;
  }

  /** The upper end of the class in which it lies; null without any. */
  percentileMs(p: number): number | null {
    if (this.#total === 0) return null;
    let left = Math.ceil(p * this.#total);
    for (let place = 0; place < classes; place++) {
      left -= this.#counts[place]!;
      if (left <= 0) return leastMs * 2 ** ((place + 1) / perDoubling);
    }
    return leastMs * 2 ** (classes / perDoubling);
  }
}
