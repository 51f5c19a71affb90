/**
 * One shopper of the flash crowd: what to ask next. Pure, given its randomness.
 *
 * Most look, few buy, and all want the same things: products are drawn by Zipf's law, so the cache has something to
 * hold and the popular shelves run empty.
 */
export type Errand =
  | { readonly kind: 'search'; readonly query: string }
  | { readonly kind: 'look'; readonly sku: string }
  | { readonly kind: 'buy'; readonly sku: string; readonly quantity: number };

/** Rank 0 .. n - 1 with probability about 1 / (rank + 1). O(1): the inverse of the continuous distribution. */
export const zipfRank = (n: number, random: number): number => Math.min(n - 1, Math.floor((n + 1) ** random - 1));

export function nextErrand(skus: readonly string[], random: () => number): Errand {
  const sku = skus[zipfRank(skus.length, random())]!;
  const kind = random();
  if (kind < 0.25) return { kind: 'search', query: sku.split(/[@/\-._]+/).find((word) => word.length > 2) ?? sku };
  if (kind < 0.8) return { kind: 'look', sku };
  return { kind: 'buy', sku, quantity: 1 + Math.floor(random() * 2) };
}
