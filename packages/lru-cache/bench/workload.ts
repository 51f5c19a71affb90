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
  return Array.from(zipfRanks(from.length, random), (rank) => from[rank] ?? '');
}

/** `requests` ranks below `count`, the r-th with a probability proportional to 1 / r^0.99. */
export function zipfRanks(count: number, random: () => number): Int32Array {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) cumulative[rank] = sum += 1 / (rank + 1) ** 0.99;
  return Int32Array.from({ length: requests }, () => {
    const at = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

export type Key = number | string | object;

/** What keys look like, and whether they are made for each call, as a template literal makes them, or made once. */
export interface KeyShape {
  readonly name: string;
  readonly built: boolean;
  /** Key number `i` out of `count`; a new object each time it is called, except for integers. */
  readonly maker: (count: number) => (i: number) => Key;
}

/** Seven digits, spread over the keys, with whatever stands before and behind them. */
function text(length: number, place: 'end' | 'middle', built: boolean): KeyShape {
  const width = Math.min(length, 7);
  const before = place === 'end' ? length - width : (length - width) >> 1;
  const filler = 'session:user:'.repeat(Math.ceil(length / 13));
  const [prefix, suffix] = [filler.slice(0, before), filler.slice(0, length - width - before)];
  return {
    name: `${length} chars, id ${place === 'end' ? 'at the end' : 'in the middle'}, ${built ? 'built per call' : 'same objects'}`,
    built,
    maker: (count) => {
      // Kept as numbers' texts, so that building costs one concatenation.
      const digits = Array.from({ length: count }, (_, i) => String(i).padStart(width, '0'));
      // Eight characters: too short for a rope, so the engine copies at once.
      return (i) => prefix + (digits[i] ?? '') + suffix;
    },
  };
}

export const shapes: readonly KeyShape[] = [
  { name: 'integers', built: false, maker: () => (i) => i * 7 + 1 },
  ...[8, 14, 32, 128].map((length) => text(length, 'end', true)),
  ...[32, 128].map((length) => text(length, 'middle', true)),
  ...[8, 14, 32, 128].map((length) => text(length, 'end', false)),
  ...[32, 128].map((length) => text(length, 'middle', false)),
  { name: 'objects', built: false, maker: (count) => objects(count) },
];

function objects(count: number): (i: number) => Key {
  const all = Array.from({ length: count }, (_, i) => ({ i }));
  return (i) => all[i] ?? all;
}

export type Operation = 'get-hit' | 'get-miss' | 'set-evict' | 'mixed';
export const operations: readonly Operation[] = ['get-hit', 'get-miss', 'set-evict', 'mixed'];

export interface TimedCache {
  get(key: Key): unknown;
  set(key: Key, value: number): unknown;
  readonly size: number;
}

export interface Workload {
  /** Does `operations` operations. */
  run(operations: number): number;
  /** Throws if the cache is not full or does not hold what was put in last. */
  check(size?: number): void;
}

/**
 * A full cache of `max` entries and the requests of an operation. `set-evict` goes round four times as many keys as
 * fit, so every `set` inserts and evicts; `mixed` is Zipf over twice as many, one in eight a `set`.
 */
export function workload(cache: TimedCache, shape: KeyShape, max: number, operation: Operation): Workload {
  const universe = operation === 'set-evict' ? 4 * max : 2 * max;
  const random = seeded(42);
  const make = shape.maker(universe);
  const store = shape.name === 'objects' ? make : shape.maker(universe);
  for (let i = 0; i < max; i++) cache.set(store(i), i + 1);
  const made = shape.built ? undefined : Array.from({ length: universe }, (_, i) => make(i));
  const keyAt = made === undefined ? make : (i: number): Key => made[i] as Key;
  const ranks =
    operation === 'mixed'
      ? zipfRanks(universe, random).map((rank) => (rank * 7919) % universe)
      : Int32Array.from({ length: requests }, () => Math.floor(random() * max) + (operation === 'get-miss' ? max : 0));
  let at = 0;
  let next = max;
  const runs: Record<Operation, (operations: number) => number> = {
    'get-hit': (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += cache.get(keyAt(ranks[at++ & (requests - 1)] as number)) as number;
      return sum;
    },
    'get-miss': (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) if (cache.get(keyAt(ranks[at++ & (requests - 1)] as number)) === undefined) sum++;
      return sum;
    },
    'set-evict': (n) => {
      for (let i = 0; i < n; i++) {
        cache.set(keyAt(next), next + 1);
        if (++next === universe) next = 0;
      }
      return n;
    },
    mixed: (n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const key = keyAt(ranks[at++ & (requests - 1)] as number);
        if ((i & 7) === 0) cache.set(key, i + 1);
        else sum += (cache.get(key) as number | undefined) ?? 0;
      }
      return sum;
    },
  };
  return {
    run: runs[operation],
    check: (size = max) => {
      if (cache.size !== size) throw new Error(`holds ${cache.size} entries, not ${size}`);
      if (operation === 'mixed') return;
      const last = next === 0 ? universe : next;
      const value = cache.get(store(last - 1));
      if (value !== last) throw new Error(`the last key has the value ${String(value)}`);
      if (operation === 'get-miss' && cache.get(make(max)) !== undefined) throw new Error('holds what was never set');
    },
  };
}
