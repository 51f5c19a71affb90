/**
 * BM25, and BM25F for several fields: how much one term says about one document.
 *
 *   W = fround(boost * idf)        idf = fround(ln(1 + (N - df + 0.5) / (df + 0.5)))
 *   s = sum over fields of w * tf * inv[norm]     inv[i] = fround(1 / (k1 * (1 - b + b * length(i) / avgdl)))
 *   contribution = fround(W - W / (1 + s))
 *
 * With one field of weight 1 this is Lucene's form (no k1 + 1 in the numerator). With several, s is summed first and
 * saturated once: a word in title and body is one piece of evidence, not two. Lengths are rounded to one byte, as
 * Lucene's norms are: 24 exact lengths, then 4 significant bits.
 * Sources: Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; Zaragoza et al.,
 * TREC-13, 2004, for the fields. k1 = 0.9 and b = 0.4 are Anserini's defaults, better than 1.2/.75 on short texts.
 */
export function normOf(length: number): number {
  if (length < 24) return length;
  const j = length - 24;
  const n = 32 - Math.clz32(j);
  return n < 4 ? 24 + j : 24 + (((j >>> (n - 4)) & 7) + 8 * (n - 3));
}

/** The length a norm byte stands for: the smallest of its class. */
export function lengthOf(norm: number): number {
  if (norm < 24) return norm;
  const i = norm - 24;
  const shift = (i >>> 3) - 1;
  return 24 + (shift < 0 ? i & 7 : ((i & 7) | 8) * 2 ** shift);
}

export function idf(docCount: number, docFreq: number): number {
  return Math.fround(Math.log(1 + (docCount - docFreq + 0.5) / (docFreq + 0.5)));
}

/** inv for the 256 norms of a field with this average length. */
export function inverseNorms(k1: number, b: number, averageLength: number): Float32Array {
  const table = new Float32Array(256);
  for (let i = 0; i < 256; i += 1) table[i] = 1 / (k1 * (1 - b + (b * lengthOf(i)) / averageLength));
  return table;
}

export function contribution(weight: number, saturation: number): number {
  return Math.fround(weight - weight / (1 + saturation));
}
