import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  aimd,
  createConcurrencyLimiter,
  fixedLimit,
  type ConcurrencyLimit,
  type Permit,
} from '../../src/adaptive/index.ts';
import { fits } from '../../src/adaptive/shares.ts';
import { manualTimers } from '../../src/testing/manual-timers.ts';
import { fractions } from './support.ts';

const take = (limiter: { tryAcquire(priority?: number): Permit | undefined }, level: number, count: number): Permit[] =>
  Array.from({ length: count }, () => limiter.tryAcquire(level)!);

describe('classes', () => {
  it('keep to their shares, and the highest has a reserve', () => {
    const limiter = createConcurrencyLimiter({ limit: fixedLimit(10) });
    const low = take(limiter, 1, 8);
    expect(low.every(Boolean)).toBe(true);
    expect(limiter.tryAcquire(1)).toBeUndefined();
    expect(take(limiter, 0, 2).every(Boolean)).toBe(true);
    expect(limiter.tryAcquire()).toBeUndefined();
    low[0]!.release();
    expect(limiter.tryAcquire(1)).toBeUndefined();
    expect(limiter.tryAcquire(0)).toBeDefined();
  });
  it('each may have one request, however small the limit', () => {
    const limiter = createConcurrencyLimiter({ limit: fixedLimit(1) });
    expect(limiter.tryAcquire(1)).toBeDefined();
    expect(limiter.tryAcquire(0)).toBeUndefined();
  });
  it('the highest is not shed while a lower one fills more than its share, also after the limit shrank', () => {
    const random = fractions(3);
    const timers = manualTimers();
    const limit = aimd({ targetMs: 10, backoff: 0.5, initial: 40 });
    const limiter = createConcurrencyLimiter({ limit, clock: timers.clock });
    const held: Permit[][] = [[], []];
    let excess = 0;
    for (let step = 0; step < 20_000; step++) {
      timers.clock.advance(random() * 3);
      const level = random() < 0.3 ? 0 : 1;
      const share = Math.max(1, Math.floor(0.8 * limiter.limit));
      const over = held[1]!.length > share;
      const reserve = held[0]!.length + share < limiter.limit;
      const permit = limiter.tryAcquire(level);
      if (over) excess++;
      if (level === 0 && over && reserve) expect(permit).toBeDefined();
      if (level === 1 && over) expect(permit).toBeUndefined();
      if (permit !== undefined) held[level]!.push(permit);
      if (random() < 0.45) held[random() < 0.3 ? 0 : 1]!.shift()?.release(random() < 0.02 ? 'dropped' : 'ok');
    }
    expect(excess).toBeGreaterThan(50);
  });
  it('a class without room implies that no lower one has any', () => {
    const shares = [1, 0.7, 0.4];
    for (let limit = 1; limit <= 8; limit++) {
      for (let code = 0; code < 512; code++) {
        const counts = [code & 7, (code >> 3) & 7, code >> 6];
        const room = shares.map((_, level) => fits(shares, limit, counts, level));
        expect([...room].sort((a, b) => Number(b) - Number(a))).toEqual(room);
      }
    }
  });
});

describe('samples', () => {
  it('tell the algorithm the time since the permit, how many were under way, and how it ended', () => {
    const timers = manualTimers();
    const seen: unknown[] = [];
    const limit: ConcurrencyLimit = { initial: { limit: 3 }, next: (state, sample) => (seen.push(sample), state) };
    const limiter = createConcurrencyLimiter({ limit, clock: timers.clock });
    const [first, second, third] = take(limiter, 0, 3);
    timers.clock.advance(7);
    first!.release();
    first!.release('dropped');
    second!.release('ignored');
    timers.clock.advance(-100);
    third!.release('dropped');
    expect(seen).toEqual([
      { nowMs: 7, latencyMs: 7, inFlight: 3, dropped: false },
      { nowMs: -93, latencyMs: 0, inFlight: 1, dropped: true },
    ]);
  });
  it('that an algorithm answers with no number, or throws over, neither close the limiter nor keep a permit', () => {
    const closed = createConcurrencyLimiter({ limit: { initial: { limit: 2 }, next: () => ({ limit: NaN }) } });
    closed.tryAcquire()!.release();
    expect(closed.limit).toBe(1);
    expect(closed.tryAcquire()).toBeDefined();
    const failing: ConcurrencyLimit = {
      initial: { limit: 1 },
      next: () => {
        throw new Error('no');
      },
    };
    const limiter = createConcurrencyLimiter({ limit: failing });
    expect(() => limiter.tryAcquire()!.release()).toThrow('no');
    expect(limiter.inFlight).toBe(0);
  });
});

describe('waiting', () => {
  it('ends at once without a queue, and by its reason when aborted before', async () => {
    const limiter = createConcurrencyLimiter({ limit: fixedLimit(1) });
    expect(await limiter.acquire()).toBeDefined();
    expect(await limiter.acquire()).toBeUndefined();
    await expect(limiter.acquire({ signal: AbortSignal.abort('gone') })).rejects.toBe('gone');
    await expect(limiter.acquire({ priority: 2 })).rejects.toThrow(RangeError);
  });
  it('leaves no listener on the signal once it is over', async () => {
    const limiter = createConcurrencyLimiter({ limit: fixedLimit(1), queue: { maxLength: 1, maxAgeMs: 1000 } });
    const { signal } = new AbortController();
    const permit = limiter.tryAcquire()!;
    const served = limiter.acquire({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    permit.release();
    (await served)!.release();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
  it('is not served too late, even if the timer is', async () => {
    const timers = manualTimers();
    const queue = { maxLength: 9, maxAgeMs: 50 };
    const limiter = createConcurrencyLimiter({ limit: fixedLimit(1), queue, clock: timers.clock, timers });
    const permit = limiter.tryAcquire()!;
    const late = limiter.acquire();
    timers.clock.advance(50);
    permit.release();
    expect(await late).toBeUndefined();
    expect(limiter.inFlight).toBe(0);
  });
});

describe('options', () => {
  const limit = fixedLimit(1);
  it.each([
    [{ limit: 5 as never }, 'limit must be a concurrency limit'],
    [{ limit, shares: [] }, 'shares.length must be an integer in 1..8; got 0'],
    [{ limit, shares: [0.9] }, 'shares[0] must be 1'],
    [{ limit, shares: [1, 0.5, 0.6] }, 'shares[2] must be a number in 0.01..0.5; got 0.6'],
    [{ limit, shares: 1 as never }, 'shares must be an array'],
    [{ limit, queue: { maxLength: 0, maxAgeMs: 1 } }, 'queue.maxLength must be an integer in 1..65536; got 0'],
    [{ limit, queue: { maxLength: 1, maxAgeMs: 0 } }, 'queue.maxAgeMs must be a number in 1..600000; got 0'],
  ])('%o are refused', (options, message) => {
    expect(() => createConcurrencyLimiter(options)).toThrow(message);
  });
});
