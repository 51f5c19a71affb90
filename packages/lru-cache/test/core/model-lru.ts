/**
 * The model: an array of rows, least recently used first, and the ops that drive it and a cache alike.
 *
 * Keys are numbers 0..40 here; `keysOf` says what they are in the cache, so one model serves every kind of key.
 * What leaves is queued and told at the end of an op. Being told may do something: `afterthought` says what, for both.
 */
import fc from 'fast-check';
import type { LruCache, RemovalReason } from '../../src/index.ts';

export const keyCount = 41;

export type Op =
  | { op: 'set'; k: number; v: number; w: number; ttl: number }
  | { op: 'get' | 'peek' | 'has' | 'delete' | 'touch' | 'remaining'; k: number }
  | { op: 'tick' | 'evict' | 'resize'; n: number }
  | { op: 'clear' | 'purge' | 'reload' | 'ascend' };

interface Row {
  k: number;
  v: number;
  w: number;
  ttl: number;
  dead: number;
}

/** What `onRemove` does: few things, and no more than `budget` of them in an op, or a full cache would never rest. */
export function afterthought(k: number, why: RemovalReason, budget: number): Op | undefined {
  if (budget === 0 || why !== 'evict') return undefined;
  if (k % 4 === 0) return { op: 'delete', k: (k + 1) % keyCount };
  return k % 4 === 1 ? { op: 'set', k: (k + 2) % keyCount, v: 9, w: 1, ttl: 7 } : undefined;
}

export class ModelLru {
  rows: Row[] = [];
  log: string[] = [];
  now = 0;
  counts = { hits: 0, misses: 0, inserts: 0, updates: 0, rejected: 0, expired: 0, evictions: 0 };
  private queue: [Row, RemovalReason][] = [];
  max: number;
  readonly maxWeight: number;
  readonly sliding: boolean;
  constructor(max: number, maxWeight: number, sliding: boolean) {
    this.max = max;
    this.maxWeight = maxWeight;
    this.sliding = sliding;
  }
  weight(): number {
    return this.rows.reduce((sum, r) => sum + r.w, 0);
  }
  /** One op, and what being told of its removals leads to. */
  run(o: Op): unknown {
    const answer = this.apply(o);
    for (let budget = 2; this.queue.length > 0;) {
      const [row, why] = this.queue.shift()!;
      this.log.push(`${row.k}:${row.v}:${why}`);
      const next = afterthought(row.k, why, budget);
      if (next !== undefined) this.apply(next);
      if (next !== undefined) budget--;
    }
    return answer;
  }
  private out(row: Row, why: RemovalReason): void {
    this.rows = this.rows.filter((r) => r !== row);
    if (why === 'evict') this.counts.evictions++;
    if (why === 'expire') this.counts.expired++;
    this.queue.push([{ ...row }, why]);
  }
  private live(k: number): Row | undefined {
    const row = this.rows.find((r) => r.k === k);
    if (row === undefined || this.now < row.dead) return row;
    this.out(row, 'expire');
    return undefined;
  }
  private use(row: Row, restart: boolean): void {
    this.rows = [...this.rows.filter((r) => r !== row), row];
    if (restart) row.dead = this.now + row.ttl;
  }
  private set(k: number, v: number, w: number, ttl: number): void {
    const old = this.live(k);
    if (w > this.maxWeight) {
      this.counts.rejected++;
      if (old) this.out(old, 'replace');
      return;
    }
    this.counts[old ? 'updates' : 'inserts']++;
    if (old && old.v !== v) this.queue.push([{ ...old }, 'replace']);
    if (old) this.rows = this.rows.filter((r) => r !== old);
    while (this.rows.length >= this.max || this.weight() + w > this.maxWeight) this.out(this.rows[0]!, 'evict');
    this.rows.push({ k, v, w, ttl, dead: this.now + ttl });
  }
  private apply(o: Op): unknown {
    const alive = (k: number): Row | undefined => this.rows.find((r) => r.k === k && this.now < r.dead);
    const leave = (rows: Row[], why: RemovalReason): number => (rows.forEach((r) => this.out(r, why)), rows.length);
    switch (o.op) {
      case 'set':
        this.set(o.k, o.v, o.w, o.ttl);
        return undefined;
      case 'get': {
        const row = this.live(o.k);
        this.counts[row ? 'hits' : 'misses']++;
        if (row) this.use(row, this.sliding);
        return row?.v;
      }
      case 'touch': {
        const row = this.live(o.k);
        if (row) this.use(row, true);
        return row !== undefined;
      }
      case 'peek':
        return alive(o.k)?.v;
      case 'has':
        return alive(o.k) !== undefined;
      case 'remaining':
        return alive(o.k) && alive(o.k)!.dead - this.now;
      case 'delete': {
        const row = this.live(o.k);
        return leave(row ? [row] : [], 'delete') > 0;
      }
      case 'tick':
        this.now += o.n;
        return undefined;
      case 'evict':
        return leave(this.rows.slice(0, o.n), 'evict');
      case 'resize':
        this.max = o.n;
        leave(this.rows.slice(0, Math.max(0, this.rows.length - o.n)), 'evict');
        return undefined;
      case 'clear':
        leave([...this.rows], 'clear');
        return undefined;
      case 'purge':
        return leave(
          this.rows.filter((r) => this.now >= r.dead),
          'expire',
        );
      case 'reload':
        // All that lives is set again with what it has left, from the oldest on.
        for (const r of this.rows.filter((r) => this.now < r.dead)) this.set(r.k, r.v, r.w, r.dead - this.now);
        return undefined;
      case 'ascend':
        return undefined;
    }
  }
}

/** The same op on a cache; `keys` says what the numbers stand for. */
export function perform(cache: LruCache<unknown, number>, keys: readonly unknown[], o: Op): unknown {
  switch (o.op) {
    case 'set':
      cache.set(keys[o.k], o.v, { ttl: o.ttl, weight: o.w });
      return undefined;
    case 'remaining':
      return cache.remainingTtl(keys[o.k]);
    case 'get':
    case 'peek':
    case 'has':
    case 'delete':
    case 'touch':
      return cache[o.op](keys[o.k]);
    case 'evict':
      return cache.evict(o.n);
    case 'resize':
      cache.resize(o.n);
      return undefined;
    case 'clear':
      cache.clear();
      return undefined;
    case 'purge':
      return cache.purgeExpired();
    case 'reload':
      cache.load(cache.dump(0), 0);
      return undefined;
    case 'ascend':
      exhaust(cache);
      return undefined;
    case 'tick':
      return undefined;
  }
}

/** Has the index find that it needs too many probes: the next insert changes its level. */
export function exhaust(cache: object): void {
  const index = Reflect.get(Reflect.get(cache, 'store') as object, 'keyIndex') as object;
  if (typeof Reflect.get(index, 'probesLeft') !== 'number') throw new Error('the index counts its probes elsewhere');
  Reflect.set(index, 'probesLeft', -1);
}

const key = fc.integer({ min: 0, max: keyCount - 1 });

export const ops = (most: number): fc.Arbitrary<Op[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          op: fc.constant('set' as const),
          k: key,
          v: fc.nat(3),
          // Mostly 1, so that the store without weights is met too.
          w: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.nat(6)),
          ttl: fc.constantFrom(1, 5, 20, Infinity, Infinity),
        }),
      },
      {
        weight: 7,
        arbitrary: fc.record({
          op: fc.constantFrom('get' as const, 'peek', 'has', 'delete', 'touch', 'remaining'),
          k: key,
        }),
      },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('tick' as const), n: fc.nat(6) }) },
      {
        weight: 1,
        arbitrary: fc.record({ op: fc.constantFrom('evict' as const, 'resize'), n: fc.integer({ min: 1, max: 30 }) }),
      },
      { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('clear' as const, 'purge', 'reload', 'ascend') }) },
    ),
    { maxLength: most, size: 'max' },
  );

const some = (kind: (i: number) => unknown): unknown[] => Array.from({ length: keyCount }, (_, i) => kind(i));

export const keysOf: Readonly<Record<'integers' | 'strings' | 'any', readonly unknown[]>> = {
  integers: some((i) => i - 7),
  strings: some((i) => `${'/a'.repeat(i % 9)}/${i}${'z'.repeat((i * 3) % 11)}`),
  any: [
    ...some((i) => [i, `${i}`, i + 0.5, 2 ** 40 + i, { i }, Symbol(), BigInt(i) ** 3n][i % 7]).slice(0, keyCount - 9),
    NaN,
    Infinity,
    -Infinity,
    null,
    undefined,
    true,
    false,
    '',
    'NaN',
  ],
};
