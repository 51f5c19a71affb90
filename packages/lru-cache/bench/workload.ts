/**
 * The same requests for every contender: keys, and the order in which they are asked for.
 *
 * Popularity follows Zipf's law with exponent 0.99, the skew of YCSB and of many web traces. Ranks are drawn by
 * inverting the cumulative distribution; the generator is seeded, so every process replays the same sequence.
 * A power of two of requests lets a run go round and round with a mask.
 */
export const requests = 2 ** 17;

/** Mulberry32: small, seeded, good enough to shuffle keys. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function keys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `product:${(i * 7919 + 104_729) % 99_999_989}`);
}

/** `requests` keys out of `from`, each as likely as any other. */
export function uniform(from: readonly string[], random: () => number): string[] {
  return Array.from({ length: requests }, () => from[Math.floor(random() * from.length)] ?? '');
}

/** `requests` keys out of `from`, the r-th with a probability proportional to 1 / r^0.99. */
export function zipf(from: readonly string[], random: () => number): string[] {
  const cumulative = new Float64Array(from.length);
  let sum = 0;
  for (let rank = 0; rank < from.length; rank++) cumulative[rank] = sum += 1 / (rank + 1) ** 0.99;
  return Array.from({ length: requests }, () => {
    const at = random() * sum;
    let [low, high] = [0, from.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return from[low] ?? '';
  });
}
