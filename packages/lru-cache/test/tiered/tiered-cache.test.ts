import { describe, expect, it } from 'vitest';
import { LoadQueueFullError } from '../../src/loading/errors.ts';
import { TierTimeoutError, type RemoteTier } from '../../src/tiered/index.ts';
import { BenchTop, deferred } from './bench-top.ts';
import { drain } from './world.ts';

/** A tier in which some calls do what the test says. */
const tierWith = (top: BenchTop, calls: Partial<RemoteTier>): RemoteTier => ({ ...top.tier, ...calls });
const never = (): Promise<never> => new Promise(() => undefined);
const fail = (): Promise<never> => Promise.reject(new Error('tier'));

describe('layers', () => {
  it('what one process has loaded the next one finds in the tier, and then in itself', async () => {
    const top = new BenchTop();
    let loads = 0;
    const [a, b] = [1, 2].map(() => top.cache<number>({ load: () => ++loads }));
    await top.pass(1);
    expect(await a!.fetch('k')).toBe(1);
    expect(await b!.fetch('k')).toBe(1);
    expect(await b!.fetch('k')).toBe(1);
    expect(a!.stats()).toMatchObject({ l2Hits: 0, l2Misses: 1, loads: 1 });
    expect(b!.stats()).toMatchObject({ l2Hits: 1, l2Misses: 0, loads: 0, l1: { hits: 1 } });
  });

  it('an hour in the tier is not an hour more here: what is left of it counts, by the measure of the tier', async () => {
    const top = new BenchTop();
    let loads = 0;
    const load = (): number => ++loads;
    const a = top.cache<number>({ load, l1Ttl: 1000, l2Ttl: 1000 });
    const b = top.cache<number>({ load, l1Ttl: 1000, l2Ttl: 1000 });
    await top.pass(1);
    await a.fetch('k');
    await top.pass(900);
    expect(await b.fetch('k')).toBe(1);
    await top.pass(99);
    expect(await b.fetch('k')).toBe(1);
    await top.pass(1);
    expect(await b.fetch('k')).toBe(2);
  });

  it('the loader may shorten the ttl of both layers', async () => {
    const top = new BenchTop();
    const a = top.cache<number>({
      load: (_, { setTtl }) => {
        setTtl(500);
        return 1;
      },
    });
    await top.pass(1);
    await a.fetch('k');
    expect(await top.tier.read('k', 1)).toMatchObject({ kind: 'hit', remainingMs: 500 });
    await top.pass(500);
    await a.fetch('k');
    expect(a.stats().loads).toBe(2);
  });

  it('absence is remembered in both layers, and not at all without absentTtlMs', async () => {
    for (const absentTtlMs of [5000, 0]) {
      const top = new BenchTop();
      let loads = 0;
      const load = (): undefined => {
        loads++;
      };
      const a = top.cache<number>({ load, absentTtlMs });
      const b = top.cache<number>({ load, absentTtlMs });
      await top.pass(1);
      for (const cache of [a, a, b, b]) expect(await cache.fetch('k')).toBeUndefined();
      expect(loads).toBe(absentTtlMs === 0 ? 4 : 1);
      // Nobody waits for a leader who has found nothing.
      expect(top.now).toBe(1);
    }
  });

  it('jitter shortens the life in the tier too', async () => {
    const top = new BenchTop();
    const a = top.cache<number>({ load: () => 1, ttlJitter: 0.5, random: () => 0.5 });
    await top.pass(1);
    await a.fetch('k');
    expect(await top.tier.read('k', 1)).toMatchObject({ remainingMs: 45_000 });
  });

  it('refresh asks the source even if the tier has a value, and overwrites it', async () => {
    const top = new BenchTop();
    let loads = 0;
    const load = (): number => ++loads;
    const [a, b] = [top.cache<number>({ load }), top.cache<number>({ load })];
    await top.pass(1);
    await a.fetch('k');
    expect(await a.fetch('k', { refresh: true })).toBe(2);
    expect(await b.fetch('k')).toBe(2);
    expect(await b.fetch('k2', { load: () => 7 })).toBe(7);
    expect(await a.fetch('k2')).toBe(7);
  });

  it('a text that does not decode is a miss and is overwritten', async () => {
    for (const text of ['', 'x', '={', '-x', '1=1', '=undefined']) {
      const top = new BenchTop();
      const a = top.cache<number>({ load: () => 5 });
      await top.pass(1);
      const read = await top.tier.read('k', 1);
      if (read.kind === 'miss') await top.tier.fill('k', text, 10_000, read.fence);
      expect(await a.fetch('k'), text).toBe(5);
      expect(await top.tier.read('k', 1), text).toMatchObject({ value: '=5' });
      expect(a.stats()).toMatchObject({ l2Hits: 0, l2Misses: 1 });
    }
  });

  it('weigh, onRemove and stale see values, not what is around them', async () => {
    const top = new BenchTop();
    const seen: unknown[] = [];
    const a = top.cache<string>({
      maxWeight: 10,
      weigh: (value) => value.length,
      onRemove: (value, key, reason) => seen.push([value, key, reason]),
      load: (_, { stale }) => {
        seen.push(stale);
        return 'four';
      },
    });
    await top.pass(1);
    await a.fetch('k');
    await a.fetch('k', { refresh: true });
    expect(a.stats().l1.weight).toBe(4);
    a.clearLocal();
    expect(seen).toEqual([undefined, 'four', ['four', 'k', 'replace'], ['four', 'k', 'clear']]);
  });
});

describe('invalidation', () => {
  it('delete and set reach the tier, the others and the own layer', async () => {
    const top = new BenchTop();
    let source = 'old';
    const load = (): string => source;
    const [a, b] = [top.cache<string>({ load }), top.cache<string>({ load })];
    await top.pass(1);
    for (const cache of [a, b]) expect(await cache.fetch('k')).toBe('old');
    source = 'new';
    await a.delete('k', 'other');
    for (const cache of [b, a]) expect(await cache.fetch('k')).toBe('new');
    source = 'newest';
    await b.set('k', 'newest');
    const loads = a.stats().loads + b.stats().loads;
    for (const cache of [a, b]) expect(await cache.fetch('k')).toBe('newest');
    expect(a.stats().loads + b.stats().loads, 'set has written through').toBe(loads);
  });

  it('a load under way cannot bring the old value back: not here, not in the tier, not elsewhere', async () => {
    const top = new BenchTop();
    const [old, fresh] = [deferred<string>(), deferred<string>()];
    const answers = [old.promise, fresh.promise];
    const load = (): Promise<string> => answers.shift() ?? Promise.resolve('fresh');
    const [a, b] = [top.cache<string>({ load }), top.cache<string>({ load })];
    await top.pass(1);
    const waiting = a.fetch('k');
    await drain();
    await b.delete('k');
    old.resolve('old');
    expect(await waiting, 'who asked before gets it').toBe('old');
    expect(a.stats().fillsRefused).toBe(1);
    fresh.resolve('fresh');
    for (const cache of [a, b]) expect(await cache.fetch('k')).toBe('fresh');
  });

  it('a refused fill leaves nothing here either, even without a bus', async () => {
    const top = new BenchTop();
    const { bus: _, ...rest } = { bus: top.bus };
    const old = deferred<string>();
    const answers = [old.promise];
    const load = (): Promise<string> => answers.shift() ?? Promise.resolve('fresh');
    const { clock, timers, tier } = top;
    const { TieredCache } = await import('../../src/tiered/index.ts');
    await top.pass(1);
    const a = new TieredCache<string>({ max: 9, l1Ttl: 1000, l2Ttl: 1000, clock, timers, tier, load, ...rest });
    const waiting = a.fetch('k');
    await drain();
    await tier.remove(['k']);
    old.resolve('old');
    expect(await waiting).toBe('old');
    expect(await a.fetch('k')).toBe('fresh');
  });

  it('a refused fill leaves what may be needed when the source fails next', async () => {
    const top = new BenchTop();
    await top.pass(1);
    const second = deferred<string>();
    const answers = [Promise.resolve('first'), second.promise];
    const load = (): Promise<string> => answers.shift() ?? Promise.reject(new Error('the source is down'));
    const a = top.cache<string>({ load, l1Ttl: 10, l2Ttl: 1000, staleIfErrorMs: 60_000 });
    expect(await a.fetch('k')).toBe('first');
    await top.pass(20);
    top.tier.flush();
    const waiting = a.fetch('k');
    await drain();
    top.tier.flush();
    second.resolve('second');
    expect(await waiting).toBe('second');
    expect(a.stats().fillsRefused).toBe(1);
    expect(await a.fetch('k')).toBe('second');
  });

  it('set stores nothing when the key is changed meanwhile', async () => {
    const top = new BenchTop();
    let [other, on]: [(() => Promise<void>) | undefined, boolean] = [undefined, true];
    const tier = tierWith(top, {
      fill: async (...args) => {
        if (on) await other?.();
        return top.tier.fill(...args);
      },
    });
    const [a, b] = [top.cache<string>({ tier, load: () => 'source' }), top.cache<string>({ load: () => 'source' })];
    other = () => b.delete('k');
    await top.pass(1);
    await a.set('k', 'mine');
    on = false;
    expect(await a.fetch('k')).toBe('source');
  });

  it('the tier is changed before anybody is told, or they would fetch the old value again', async () => {
    const top = new BenchTop();
    const order: string[] = [];
    const tier = tierWith(top, {
      remove: async (keys) => {
        await drain();
        await top.tier.remove(keys);
        order.push('tier');
      },
    });
    const a = top.cache<number>({ tier, load: () => 1 });
    await top.pass(1);
    top.bus.subscribe(
      () => order.push('bus'),
      () => undefined,
    );
    await a.delete('k');
    expect(order).toEqual(['tier', 'bus']);
  });

  it('goes on to bus and own layer when the tier fails, and rejects', async () => {
    const top = new BenchTop();
    const tier = tierWith(top, { remove: fail });
    let loads = 0;
    const errors: unknown[] = [];
    const load = (): number => ++loads;
    const a = top.cache<number>({ tier, load, onTierError: (error) => errors.push(error) });
    const b = top.cache<number>({ load });
    await top.pass(1);
    for (const cache of [a, b]) await cache.fetch('k');
    await expect(a.delete('k')).rejects.toThrow('tier');
    await expect(a.set('k', 1)).rejects.toThrow('tier');
    expect(errors).toHaveLength(2);
    top.tier.flush();
    for (const cache of [a, b]) expect(await cache.fetch('k')).toBe(2);
  });

  it('a failed publish rejects, and the number it has used up empties the others with the next beat', async () => {
    const top = new BenchTop();
    let broken = false;
    const bus = {
      publish: (...args: Parameters<typeof top.bus.publish>) => (broken ? fail() : top.bus.publish(...args)),
      subscribe: (...args: Parameters<typeof top.bus.subscribe>) => top.bus.subscribe(...args),
    };
    let loads = 0;
    const load = (): number => ++loads;
    const [a, b] = [top.cache<number>({ bus, load }), top.cache<number>({ load })];
    // Until each has heard the other: a stranger would empty in any case.
    await top.pass(1500);
    await b.fetch('k');
    const { emptied } = b.stats();
    broken = true;
    await expect(a.delete('k')).rejects.toThrow('tier');
    broken = false;
    expect(await b.fetch('k')).toBe(1);
    await top.pass(1000);
    expect(await b.fetch('k')).toBe(2);
    expect(a.stats().busErrors).toBe(1);
    expect(b.stats().emptied).toBe(emptied + 1);
  });

  it('a message about everything empties', async () => {
    const top = new BenchTop();
    let loads = 0;
    const a = top.cache<number>({ load: () => ++loads });
    await top.pass(1);
    await a.fetch('k');
    top.tier.flush();
    await top.bus.publish({ v: 1, sender: 'server', seq: 0, all: true });
    expect(await a.fetch('k')).toBe(2);
  });
});

describe('tags', () => {
  const tags = (key: string): readonly string[] => key.split(':').slice(1);

  it('invalidating a tag forgets its keys in every layer and process, and no others', async () => {
    const top = new BenchTop();
    let source = 1;
    const load = (): number => source;
    const [a, b] = [top.cache<number>({ tags, load }), top.cache<number>({ tags, load })];
    await top.pass(1);
    const keys = ['k', 'k:red', 'k:red:big', 'k:big', 'l:red'];
    for (const cache of [a, b]) for (const key of keys) expect(await cache.fetch(key)).toBe(1);
    source = 2;
    await a.invalidateTags('red');
    for (const cache of [b, a]) {
      expect(await Promise.all(keys.map((key) => cache.fetch(key)))).toEqual([1, 2, 2, 1, 2]);
    }
    // A process that comes later, and knows nothing of it.
    const c = top.cache<number>({ tags, load: () => 3 });
    expect(await Promise.all(keys.map((key) => c.fetch(key)))).toEqual([1, 2, 2, 1, 2]);
    expect(a.stats().loads + b.stats().loads).toBe(5 + 3);
  });

  it('a value loaded before the invalidation is never taken for one loaded after it', async () => {
    const top = new BenchTop();
    const old = deferred<string>();
    const answers = [old.promise];
    const load = (): Promise<string> => answers.shift() ?? Promise.resolve('fresh');
    const a = top.cache<string>({ tags, load });
    const b = top.cache<string>({ tags, load });
    await top.pass(1);
    const waiting = a.fetch('k:red');
    await drain();
    await b.invalidateTags('red');
    // It asks after the invalidation, and so must not be content with the load that began before.
    const later = a.fetch('k:red');
    old.resolve('old');
    expect(await waiting).toBe('old');
    expect(await later).toBe('fresh');
    expect(await b.fetch('k:red')).toBe('fresh');
    expect(await a.fetch('k:red')).toBe('fresh');
  });

  it('a tag invalidated again and again, and versions that the tier has lost, cost loads and nothing else', async () => {
    const top = new BenchTop();
    let source = 0;
    const a = top.cache<number>({ tags, load: () => source });
    await top.pass(1);
    for (source = 1; source <= 5; source++) {
      await a.invalidateTags('red');
      expect(await a.fetch('k:red')).toBe(source);
    }
    a.clearLocal();
    await top.tier.renew(['red']);
    expect(await a.fetch('k:red')).toBe(6);
  });

  it('are refused where nobody knows them', async () => {
    const top = new BenchTop();
    await expect(top.cache<number>({ load: () => 1 }).invalidateTags('red')).rejects.toThrow(/tags is required/);
    const { versions: _, ...tier } = top.tier;
    expect(() => top.cache<number>({ load: () => 1, tags, tier })).toThrow(/tier must be .* versions/);
  });

  it('absences have tags too', async () => {
    const top = new BenchTop();
    let source: number | undefined;
    const a = top.cache<number>({ tags, load: () => source, absentTtlMs: 5000 });
    await top.pass(1);
    expect(await a.fetch('k:red')).toBeUndefined();
    source = 1;
    expect(await a.fetch('k:red')).toBeUndefined();
    await a.invalidateTags('red');
    expect(await a.fetch('k:red')).toBe(1);
    source = undefined;
    await a.delete('k:red');
    expect(await a.fetch('k:red')).toBeUndefined();
    const { loads } = a.stats();
    expect(await a.fetch('k:red'), 'remembered although its tag was once invalidated').toBeUndefined();
    expect(a.stats().loads).toBe(loads);
    expect(a.stats().l1.hits).toBeGreaterThan(1);
  });
});

describe('the lease', () => {
  it('a thousand callers in three processes: one load', async () => {
    const top = new BenchTop();
    let loads = 0;
    const source = deferred<string>();
    const load = (): Promise<string> => (loads++, source.promise);
    const caches = [1, 2, 3].map(() => top.cache<string>({ load }));
    await top.pass(1);
    const answers = Array.from({ length: 999 }, (_, i) => caches[i % 3]!.fetch('k'));
    await top.pass(100);
    source.resolve('v');
    await top.pass(200);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['v']));
    expect(loads).toBe(1);
    expect(caches.map((cache) => cache.stats().leaseWaits).sort()).toEqual([0, 1, 1]);
  });

  it('whoever has waited leaseWaitMs loads himself', async () => {
    const top = new BenchTop();
    const a = top.cache<string>({ load: never });
    const b = top.cache<string>({ load: () => 'b' });
    await top.pass(1);
    void a.fetch('k');
    await drain();
    let answer: string | undefined;
    void b.fetch('k').then((value) => (answer = value));
    await top.pass(249);
    expect(answer).toBeUndefined();
    await top.pass(1);
    expect(answer).toBe('b');
  });

  it('a leader whose load fails makes nobody wait', async () => {
    const top = new BenchTop();
    const a = top.cache<string>({ load: fail });
    const b = top.cache<string>({ load: () => 'b' });
    await top.pass(1);
    await expect(a.fetch('k')).rejects.toThrow('tier');
    expect(await b.fetch('k')).toBe('b');
    expect(b.stats().leaseWaits).toBe(0);
  });

  it('a caller who leaves does not wait for the leader either', async () => {
    const top = new BenchTop();
    const a = top.cache<string>({ load: never });
    const b = top.cache<string>({ load: never });
    await top.pass(1);
    void a.fetch('k');
    await drain();
    const controller = new AbortController();
    const waiting = b.fetch('k', { signal: controller.signal });
    await drain();
    controller.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    await drain();
    expect(b.stats().l2Errors).toBe(0);
    expect(b.stats().loads).toBe(0);
    expect(top.pending.size, 'only the two beats').toBe(2);
  });
});

describe('a tier that fails', () => {
  it('no fetch rejects because of it: hung, refusing, throwing or unable to encode', async () => {
    const throwing = (): never => {
      throw new Error('tier');
    };
    for (const calls of [{ read: never }, { read: fail }, { read: throwing }, { fill: never }, { fill: fail }]) {
      const top = new BenchTop();
      const a = top.cache<string>({ tier: tierWith(top, calls), load: () => 'v', onTierError: throwing });
      const answer = a.fetch('k');
      await top.pass(1000);
      expect(await answer).toBe('v');
      expect(a.stats().l2Errors).toBe(1);
    }
    const top = new BenchTop();
    const a = top.cache<string>({ load: () => 'v', encode: () => undefined as never });
    expect(await a.fetch('k')).toBe('v');
    expect(a.stats().l2Errors).toBe(1);
    await expect(a.set('k', 'v')).rejects.toThrow(/encode must answer a string; got undefined/);
  });

  it('delete rejects with its time-out', async () => {
    const top = new BenchTop();
    const a = top.cache<string>({ tier: tierWith(top, { remove: never }), load: () => 'v', tierTimeoutMs: 300 });
    const deletion = a.delete('k').catch((error: unknown) => error);
    await top.pass(300);
    const error = await deletion;
    expect(error).toBeInstanceOf(TierTimeoutError);
    expect(error).toMatchObject({ code: 'TIER_TIMEOUT', name: 'TierTimeoutError' });
  });

  it('lost or flushed, no more than maxConcurrentLoads reach the source at once, and stale stands in', async () => {
    const top = new BenchTop();
    let [down, running, peak] = [false, 0, 0];
    const tier = tierWith(top, { read: (...args) => (down ? fail() : top.tier.read(...args)) });
    const a = top.cache<string>({
      tier,
      max: 1000,
      maxConcurrentLoads: 3,
      maxQueuedLoads: 40,
      staleIfErrorMs: 100_000,
      load: async (key) => {
        peak = Math.max(peak, ++running);
        await drain();
        running--;
        return key;
      },
    });
    await top.pass(1);
    const keys = Array.from({ length: 100 }, (_, i) => `k${String(i)}`);
    for (const key of keys) await a.fetch(key);
    for (const loss of ['flushed', 'down']) {
      await top.pass(10_000);
      top.tier.flush();
      down = loss === 'down';
      peak = 0;
      expect(await Promise.all(keys.map((key) => a.fetch(key)))).toEqual(keys);
      expect(peak).toBe(3);
    }
    const b = top.cache<string>({ tier, maxConcurrentLoads: 1, maxQueuedLoads: 1, load: never });
    void b.fetch('1');
    void b.fetch('2');
    await expect(b.fetch('3')).rejects.toThrow(LoadQueueFullError);
  });

  it('timeoutMs frees the place of a loader that never ends', async () => {
    const top = new BenchTop();
    const a = top.cache<string>({
      maxConcurrentLoads: 1,
      timeoutMs: 500,
      load: (key) => (key === 'hangs' ? never() : key),
    });
    await top.pass(1);
    const hanging = a.fetch('hangs').catch((error: unknown) => error);
    await top.pass(400);
    const next = a.fetch('next');
    await top.pass(100);
    expect(await hanging).toMatchObject({ code: 'LOAD_TIMEOUT' });
    expect(await next).toBe('next');
  });

  it('one who leaves the queue gives up his place', async () => {
    const top = new BenchTop();
    const first = deferred<string>();
    const a = top.cache<string>({
      maxConcurrentLoads: 1,
      maxQueuedLoads: 1,
      load: (key) => (key === '1' ? first.promise : key),
    });
    await top.pass(1);
    const one = a.fetch('1');
    await drain();
    const controller = new AbortController();
    const two = a.fetch('2', { signal: controller.signal });
    await drain();
    controller.abort(new Error('left'));
    await expect(two).rejects.toThrow('left');
    const three = a.fetch('3');
    await drain();
    first.resolve('1');
    expect(await Promise.all([one, three])).toEqual(['1', '3']);
    expect(a.stats().loads).toBe(2);
  });
});

describe('a bus that is lost', () => {
  /** A bus that can be cut. */
  function world(): { top: BenchTop; cut: (told: boolean) => void; mend: () => void; bus: BenchTop['bus'] } {
    const top = new BenchTop();
    let [isCut, tell]: [boolean, (up: boolean) => void] = [false, () => undefined];
    return {
      top,
      bus: {
        publish: (message) => (isCut ? Promise.resolve() : top.bus.publish(message)),
        subscribe: (on, onState) => {
          tell = onState;
          return top.bus.subscribe((message) => (isCut ? undefined : on(message)), onState);
        },
      },
      cut: (told) => {
        isCut = true;
        if (told) tell(false);
      },
      mend: () => {
        isCut = false;
        tell(true);
      },
    };
  }

  it('only what was asked for at most disconnectedTtlMs ago is used, and emptied when it is back', async () => {
    const { top, bus, cut, mend } = world();
    let source = 1;
    const load = (): number => source;
    const a = top.cache<number>({ bus, load, absentTtlMs: 1000 });
    const b = top.cache<number>({ load });
    await top.pass(1);
    expect(await a.fetch('k')).toBe(1);
    expect(a.stats().busUp).toBe(true);
    cut(false);
    source = 2;
    await b.delete('k');
    await top.pass(1997);
    expect(await a.fetch('k'), 'not yet known').toBe(1);
    await top.pass(2);
    expect(a.stats().busUp).toBe(false);
    expect(await a.fetch('k')).toBe(2);
    source = 3;
    await b.delete('k');
    await top.pass(1000);
    expect(await a.fetch('k'), 'asked for 1000 ms ago').toBe(2);
    await top.pass(1);
    expect(await a.fetch('k')).toBe(3);
    source = 4;
    await b.delete('k');
    mend();
    await top.pass(1000);
    expect(a.stats().busUp).toBe(true);
    expect(await a.fetch('k')).toBe(4);
  });

  it('a connection that is known to be lost counts at once', async () => {
    const { top, bus, cut, mend } = world();
    const a = top.cache<number>({ bus, load: () => 1 });
    await top.pass(1);
    expect(a.stats().busUp).toBe(true);
    cut(true);
    expect(a.stats().busUp).toBe(false);
    mend();
    await drain();
    expect(a.stats().busUp, 'and its return is tried at once').toBe(true);
  });

  it('while it is lost an absence is asked for again as well, and a stale value stands in for a load that fails', async () => {
    const { top, bus, cut } = world();
    let answer: () => number | undefined | Promise<never> = () => undefined;
    const a = top.cache<number>({ bus, load: () => answer(), absentTtlMs: 60_000, staleIfErrorMs: 60_000 });
    await top.pass(1);
    expect(await a.fetch('k')).toBeUndefined();
    cut(true);
    await top.pass(1500);
    await top.tier.remove(['k']);
    answer = () => 1;
    expect(await a.fetch('k')).toBe(1);
    await top.pass(1500);
    await top.tier.remove(['k']);
    answer = fail;
    const { loads } = a.stats();
    expect(await a.fetch('k')).toBe(1);
    expect(a.stats().loads, 'tried once').toBe(loads + 1);
  });

  it('a load that began too long ago is not good enough for who comes while the bus is lost', async () => {
    const { top, bus, cut } = world();
    const old = deferred<number>();
    const answers = [old.promise];
    const a = top.cache<number>({ bus, load: () => answers.shift() ?? 2 });
    await top.pass(1);
    const first = a.fetch('k');
    await drain();
    cut(true);
    await top.pass(3000);
    const second = a.fetch('k');
    // What this process has not heard.
    await top.tier.remove(['k']);
    old.resolve(1);
    expect(await first).toBe(1);
    expect(await second).toBe(2);
  });

  it('a value is as old as the question, not as the answer', async () => {
    const { top, bus, cut } = world();
    let slow = false;
    const tier = tierWith(top, {
      read: async (...args) => {
        const answer = await top.tier.read(...args);
        if (slow) await top.pass(800);
        return answer;
      },
    });
    const a = top.cache<number>({ bus, tier, load: () => 1 });
    await top.pass(1);
    await a.fetch('k');
    cut(true);
    await top.pass(1500);
    slow = true;
    await a.fetch('k');
    slow = false;
    const { l2Hits } = a.stats();
    await top.pass(200);
    await a.fetch('k');
    expect(a.stats().l2Hits, 'asked for 1000 ms ago').toBe(l2Hits);
    await top.pass(1);
    await a.fetch('k');
    expect(a.stats().l2Hits).toBe(l2Hits + 1);
  });

  it('nor is a refresh that began too long ago', async () => {
    const { top, bus, cut } = world();
    const old = deferred<number>();
    const answers: (number | Promise<number>)[] = [1, old.promise];
    const a = top.cache<number>({ bus, load: () => answers.shift() ?? 2 });
    await top.pass(1);
    expect(await a.fetch('k')).toBe(1);
    cut(true);
    await top.pass(1500);
    await top.tier.remove(['k']);
    const second = a.fetch('k');
    await top.pass(1500);
    const third = a.fetch('k');
    await drain();
    await top.tier.remove(['k']);
    old.resolve(1);
    expect(await second).toBe(1);
    expect(await third).toBe(2);
  });

  it('a peer that dies without a word empties, one that closes does not', async () => {
    const top = new BenchTop();
    let loads = 0;
    const a = top.cache<number>({ load: () => ++loads });
    const b = top.cache<number>({ load: () => ++loads });
    await top.pass(1);
    const { emptied } = a.stats();
    await b.close();
    await b.close();
    await top.pass(5000);
    expect(a.stats().emptied).toBe(emptied);
    await top.bus.publish({ v: 1, sender: 'dies', seq: 1, beat: true });
    await top.pass(1999);
    expect(a.stats().emptied).toBe(emptied);
    await top.pass(1);
    await a.fetch('k');
    expect(a.stats().emptied).toBe(emptied + 1);
  });

  it('closed, it goes on as if the bus were lost, and leaves no timer behind', async () => {
    const top = new BenchTop();
    const a = top.cache<number>({ load: () => 1 });
    await top.pass(5000);
    expect(top.pending.size).toBe(1);
    await a.close();
    expect(top.pending.size).toBe(0);
    expect(a.stats().busUp).toBe(false);
    expect(await a.fetch('k')).toBe(1);
  });
});

describe('refusals', () => {
  const top = new BenchTop();
  const make = (options: object) => () => top.cache<number>({ load: () => 1, ...options });

  it.each([
    [{ l1Ttl: 0 }, /l1Ttl must be above 0 and at most l2Ttl = 60000; got 0/],
    [{ l1Ttl: 60_001 }, /l1Ttl must be .* got 60001/],
    [{ l2Ttl: Infinity }, /l2Ttl must be finite and at least 1; got Infinity/],
    [{ timeoutMs: 60_000 }, /timeoutMs must be at least 1 and below the tier's fenceMs = 60000.* got 60000/],
    [{ heartbeatMs: 0 }, /heartbeatMs must be in 1..2147483647; got 0/],
    [{ disconnectedTtlMs: -1 }, /disconnectedTtlMs must be .* got -1/],
    [{ leaseMs: 0 }, /leaseMs must be .* got 0/],
    [{ leaseWaitMs: -1 }, /leaseWaitMs must be .* got -1/],
    [{ tierTimeoutMs: '1' }, /tierTimeoutMs must be a number.* got string 1/],
    [{ maxConcurrentLoads: 0 }, /maxConcurrentLoads must be .* got 0/],
    [{ maxQueuedLoads: -1 }, /maxQueuedLoads must be .* got -1/],
    [{ max: 0 }, /max must be .* got 0/],
    [{ tier: {} }, /tier must be an object with the method read/],
    [{ bus: {} }, /bus must be an object with the method publish/],
    [{ load: undefined }, /load must be a function/],
    [{ encode: 1 }, /encode must be a function; got number/],
    [{ decode: 1 }, /decode must be a function/],
    [{ tags: [] }, /tags must be a function/],
    [{ weigh: 1 }, /weigh must be a function/],
    [{ onRemove: 1 }, /onRemove must be a function/],
    [{ onTierError: 1 }, /onTierError must be a function/],
  ])('%j', (options, message) => {
    expect(make(options)).toThrow(message);
  });

  it('nothing has begun to beat when options are refused', () => {
    const fresh = new BenchTop();
    expect(() => fresh.cache<number>({ load: () => 1, max: 0 })).toThrow();
    expect(fresh.pending.size).toBe(0);
  });
});
