import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, drawsRefresh, jittered, leadOf, standsIn } from '../../src/loading/freshness.ts';

const windows = { staleWhileRevalidateMs: 10, staleIfErrorMs: 30 };

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('what a fetch does', () => {
  it('changes exactly at the end of each window', () => {
    const at = (now: number, errorUntil = -Infinity): string => decide('value', 100, errorUntil, now, windows);
    expect([at(99), at(100), at(109), at(110)]).toEqual([
      ...['answer', 'answer stale, refresh behind', 'answer stale, refresh behind', 'load'],
    ]);
    // While a failure is remembered nothing is loaded: stale within either window, then the failure itself.
    expect([at(99, 200), at(100, 200), at(129, 200), at(130, 200), at(199, 200), at(200, 200)]).toEqual([
      ...['answer', 'answer stale', 'answer stale', 'fail', 'fail', 'load'],
    ]);
  });

  it('answers absence until its end and no longer, and a failure where nothing else is held', () => {
    const absent = (now: number, errorUntil: number): string => decide('absent', 100, errorUntil, now, windows);
    expect([absent(99, -Infinity), absent(100, -Infinity), absent(99, 150), absent(100, 150)]).toEqual([
      ...['answer', 'load', 'answer', 'fail'],
    ]);
    expect([decide('nothing', 0, 50, 49, windows), decide('nothing', Infinity, 50, 50, windows)]).toEqual([
      ...['fail', 'load'],
    ]);
  });

  it('is one and the same under a clock that starts anywhere', () => {
    const time = fc.integer({ min: -1000, max: 1000 });
    const held = fc.constantFrom('value' as const, 'absent' as const, 'nothing' as const);
    fc.assert(
      fc.property(held, time, time, time, time, (what, fresh, error, now, shift) => {
        const there = decide(what, fresh + shift, error + shift, now + shift, windows);
        expect(there).toBe(decide(what, fresh, error, now, windows));
      }),
    );
  });

  it('lets a value stand in for a failed load only within staleIfErrorMs, and never without', () => {
    expect([standsIn(100, 99, windows), standsIn(100, 129, windows), standsIn(100, 130, windows)]).toEqual([
      ...[true, true, false],
    ]);
    expect(standsIn(100, 0, { staleWhileRevalidateMs: 10, staleIfErrorMs: 0 })).toBe(false);
  });
});

describe('jitter', () => {
  it('never lengthens a life, never makes it negative, and leaves the endless alone', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), part, part, (ttl, jitter, draw) => {
        const life = jittered(ttl, jitter, draw);
        expect(life).toBeLessThanOrEqual(ttl);
        expect(life).toBeGreaterThanOrEqual(ttl * (1 - jitter) * (1 - 1e-12));
        expect(jittered(Infinity, jitter, draw)).toBe(Infinity);
      }),
    );
  });

  it('spreads lives evenly over the part it may take', () => {
    const random = seeded(3);
    let sum = 0;
    for (let i = 0; i < 20_000; i++) sum += jittered(100, 0.4, random());
    expect(sum / 20_000).toBeCloseTo(80, 0);
  });
});

describe('XFetch', () => {
  it('draws a refresh with probability exp(-remaining / (beta * load time))', () => {
    const random = seeded(11);
    const draws = 200_000;
    for (const [remaining, loadMs, beta, law] of [
      [50, 50, 1, Math.exp(-1)],
      [100, 50, 1, Math.exp(-2)],
      [100, 50, 2, Math.exp(-1)],
      [10, 50, 1, Math.exp(-0.2)],
      [500, 50, 1, Math.exp(-10)],
    ] as const) {
      let drawn = 0;
      for (let i = 0; i < draws; i++) if (drawsRefresh(remaining, loadMs, beta, random())) drawn++;
      // Five standard deviations: at remaining = load time this is 0.368 +- 0.006.
      expect(Math.abs(drawn / draws - law)).toBeLessThan(5 * Math.sqrt((law * (1 - law)) / draws));
    }
  });

  it('never draws for a value that took no time to load, whatever is drawn', () => {
    for (const draw of [0, 0.5, 1 - 2 ** -53]) expect(drawsRefresh(1, 0, 1, draw)).toBe(false);
    expect(drawsRefresh(1, 5, 1, 0)).toBe(false);
  });
});

describe('refresh-ahead', () => {
  it('leads by the part of the life that is left, and not at all where there is no end', () => {
    expect([leadOf(100, 0.75), leadOf(100, 0), leadOf(100, 1), leadOf(Infinity, 0.5)]).toEqual([25, 100, 0, 0]);
  });
});
