/**
 * Latencies in buckets that grow by 5 %: a percentile is right within that, whatever the number of samples.
 *
 * 256 counters from 0.01 ms to about 2,600 ms; longer ones count as the last. Percentiles are the upper end of their
 * bucket, so that a figure is never better than what was measured.
 */
const growth = Math.log(1.05);
const leastMs = 0.01;
const buckets = 256;

export class Histogram {
  readonly #counts = new Uint32Array(buckets);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  record(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, leastMs) / leastMs) / growth);
    this.#counts[Math.min(bucket, buckets - 1)]!++;
    this.#total++;
  }

  /** The time that this fraction of the samples did not exceed; null without samples. */
  percentileMs(fraction: number): number | null {
    let left = Math.ceil(this.#total * fraction);
    if (left === 0) return null;
    for (let bucket = 0; ; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return leastMs * Math.exp(bucket * growth);
    }
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
