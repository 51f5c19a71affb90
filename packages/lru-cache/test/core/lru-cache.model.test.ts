import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';

interface Row {
  k: number;
  v: number;
  w: number;
  ttl: number;
  dead: number;
}
type Op =
  | { op: 'set'; k: number; v: number; w: number; ttl: number }
  | { op: 'get' | 'peek' | 'delete' | 'touch' | 'remaining'; k: number }
  | { op: 'tick' | 'evict' | 'resize'; n: number }
  | { op: 'clear' | 'purge' };

/** The model: an array, least recently used first. */
class ModelLru {
  rows: Row[] = [];
  log: string[] = [];
  now = 0;
  hits = 0;
  misses = 0;
  inserts = 0;
  updates = 0;
  rejected = 0;
  max: number;
  readonly maxWeight: number;
  readonly sliding: boolean;
  constructor(max: number, maxWeight: number, sliding: boolean) {
    this.max = max;
    this.maxWeight = maxWeight;
    this.sliding = sliding;
  }
  out(row: Row, why: string): void {
    this.rows = this.rows.filter((r) => r !== row);
    this.log.push(`${String(row.k)}:${String(row.v)}:${why}`);
  }
  live(k: number): Row | undefined {
    const row = this.rows.find((r) => r.k === k);
    if (row === undefined || this.now < row.dead) return row;
    this.out(row, 'expire');
    return undefined;
  }
  first(row: Row): void {
    this.rows = [...this.rows.filter((r) => r !== row), row];
  }
  /** The counters, read off what was answered and what was told. */
  counts(): object {
    const ended = (why: string): number => this.log.filter((line) => line.endsWith(why)).length;
    const { hits, misses, inserts, updates, rejected } = this;
    return { hits, misses, inserts, updates, rejected, expired: ended('expire'), evictions: ended('evict') };
  }
  weight(): number {
    return this.rows.reduce((sum, r) => sum + r.w, 0);
  }
  apply(o: Op): unknown {
    switch (o.op) {
      case 'set': {
        const old = this.live(o.k);
        if (o.w > this.maxWeight) {
          this.rejected++;
          if (old) this.out(old, 'replace');
          return;
        }
        if (old) this.updates++;
        else this.inserts++;
        if (old) {
          if (old.v !== o.v) this.out(old, 'replace');
          this.rows = this.rows.filter((r) => r !== old);
        }
        const fits = (): boolean => this.rows.length < this.max && this.weight() + o.w <= this.maxWeight;
        while (!fits()) this.out(this.rows[0] as Row, 'evict');
        this.rows.push({ k: o.k, v: o.v, w: o.w, ttl: o.ttl, dead: this.now + o.ttl });
        return;
      }
      case 'get': {
        const row = this.live(o.k);
        if (row) this.hits++;
        else this.misses++;
        if (row === undefined) return undefined;
        this.first(row);
        if (this.sliding) row.dead = this.now + row.ttl;
        return row.v;
      }
      case 'touch': {
        const row = this.live(o.k);
        if (row === undefined) return false;
        this.first(row);
        row.dead = this.now + row.ttl;
        return true;
      }
      case 'peek':
        return this.rows.find((r) => r.k === o.k && this.now < r.dead)?.v;
      case 'remaining': {
        const row = this.rows.find((r) => r.k === o.k && this.now < r.dead);
        return row && row.dead - this.now;
      }
      case 'delete': {
        const row = this.live(o.k);
        if (row) this.out(row, 'delete');
        return row !== undefined;
      }
      case 'tick':
        this.now += o.n;
        return;
      case 'evict': {
        const gone = this.rows.slice(0, o.n);
        for (const row of gone) this.out(row, 'evict');
        return gone.length;
      }
      case 'resize':
        this.max = o.n;
        while (this.rows.length > o.n) this.out(this.rows[0] as Row, 'evict');
        return;
      case 'clear':
        for (const row of this.rows) this.out(row, 'clear');
        return;
      case 'purge': {
        const gone = this.rows.filter((r) => this.now >= r.dead);
        for (const row of gone) this.out(row, 'expire');
        return gone.length;
      }
    }
  }
}

const key = fc.integer({ min: 0, max: 40 });
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('set' as const),
      k: key,
      v: fc.nat(3),
      w: fc.nat(6),
      ttl: fc.constantFrom(1, 5, 20, Infinity),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constantFrom('get' as const, 'peek', 'delete', 'touch', 'remaining'), k: key }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('tick' as const), n: fc.nat(6) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom('evict' as const, 'resize'), n: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('clear' as const, 'purge') }) },
);

describe('LruCache against an array', () => {
  it('answers, orders, weighs and reports removals as the model does', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3, 25),
        fc.constantFrom(5, 60, 1e6),
        fc.boolean(),
        fc.array(op, { maxLength: 120, size: 'max' }),
        (max, maxWeight, sliding, ops) => {
          const model = new ModelLru(max, maxWeight, sliding);
          const log: string[] = [];
          const cache: LruCache<number, number> = new LruCache<number, number>({
            max,
            maxWeight,
            ttlFrom: sliding ? 'access' : 'write',
            clock: { now: () => model.now },
            onRemove: (v, k, why) => {
              log.push(`${String(k)}:${String(v)}:${why}`);
              expect(cache.size).toBeLessThanOrEqual(cache.max);
              expect(cache.weight).toBeLessThanOrEqual(maxWeight);
            },
          });
          const run = (o: Op): unknown => {
            switch (o.op) {
              case 'set':
                cache.set(o.k, o.v, { ttl: o.ttl, weight: o.w });
                return undefined;
              case 'get':
                return cache.get(o.k);
              case 'peek':
                return cache.peek(o.k);
              case 'delete':
                return cache.delete(o.k);
              case 'touch':
                return cache.touch(o.k);
              case 'remaining':
                return cache.remainingTtl(o.k);
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
              case 'tick':
                return undefined;
            }
          };
          for (const o of ops) {
            const got = run(o);
            expect(got).toEqual(model.apply(o));
            expect(log).toEqual(model.log);
            expect(cache.size).toBe(model.rows.length);
            expect(cache.weight).toBe(model.weight());
            expect(cache.stats()).toMatchObject(model.counts());
            expect([...cache]).toEqual(
              model.rows
                .filter((r) => model.now < r.dead)
                .map((r) => [r.k, r.v])
                .reverse(),
            );
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
