/**
 * Cache sizes as a person writes them: `500`, `2k`, `1m`, or a part of the distinct keys, `10%`.
 *
 * Parts are the natural scale: a trace says how many keys it has, and the interesting range of sizes lies well below. The
 * default is the geometric ladder 0.1 % to 30 %, from 10 entries on: in fewer, a policy's parts are single entries.
 */
const ladder = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3];
const smallest = 10;

export function defaultSizes(unique: number): number[] {
  if (unique <= smallest) return [Math.max(1, Math.ceil(unique / 4))];
  return distinct(ladder.map((part) => Math.max(smallest, Math.round(part * unique))));
}

/** Sizes in ascending order, each once. Throws RangeError naming the one that is none. */
export function parseSizes(text: string, unique: number): number[] {
  return distinct(text.split(',').map((word) => parseSize(word.trim(), unique)));
}

function parseSize(word: string, unique: number): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(%|k|m)?$/i.exec(word) ?? [];
  const scale = { '%': unique / 100, k: 1000, m: 1_000_000, '': 1 }[(unit ?? '').toLowerCase()] ?? 1;
  const size = Math.round(Number(digits) * scale);
  if (!(size >= 1 && size <= 2 ** 26)) {
    throw new RangeError(`a size must be 1..67108864 entries, as in 500, 2k, 1m or 10%; got '${word}'`);
  }
  return size;
}

function distinct(sizes: readonly number[]): number[] {
  return [...new Set(sizes)].sort((a, b) => a - b);
}
