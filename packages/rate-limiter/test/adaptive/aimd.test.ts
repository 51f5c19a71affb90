import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aimd,
  fixedLimit,
  type AimdState,
  type ConcurrencyLimit,
  type LimitState,
  type Sample,
} from '../../src/adaptive/index.ts';

const sample = (over: Partial<Sample>): Sample => ({ nowMs: 0, latencyMs: 10, inFlight: 20, dropped: false, ...over });

const stepsOf = <S extends LimitState>(limit: ConcurrencyLimit<S>) => ({
  initial: limit.initial,
  next: (state: S, one: Sample): S => limit.next(state, one),
});

describe('aimd', () => {
  const { initial, next } = stepsOf(aimd({ targetMs: 100 }));
  it('grows by one for a limit full of fast requests', () => {
    expect(next(initial, sample({})).limit).toBe(20.05);
  });
  it('does not grow while less than half of it is used', () => {
    expect(next(initial, sample({ inFlight: 9 }))).toBe(initial);
    expect(next(initial, sample({ inFlight: 10 })).limit).toBeGreaterThan(20);
  });
  it('shrinks for a request slower than the target, and for a dropped one', () => {
    expect(next(initial, sample({ latencyMs: 100 })).limit).toBeGreaterThan(20);
    expect(next(initial, sample({ latencyMs: 100.1 })).limit).toBe(18);
    expect(next(initial, sample({ dropped: true })).limit).toBe(18);
  });
  it('shrinks once per targetMs, and late requests do not make it grow', () => {
    const once = next(initial, sample({ nowMs: 1000, dropped: true }));
    expect(next(once, sample({ nowMs: 1099, dropped: true }))).toBe(once);
    expect(next(once, sample({ nowMs: 1100, dropped: true })).limit).toBeCloseTo(16.2, 10);
    expect(next(next(once, sample({ nowMs: 1050 })), sample({ nowMs: 1099, dropped: true })).limit).toBeGreaterThan(18);
  });
  it('stays between min and max, whatever the samples', () => {
    const { initial: first, next: step } = stepsOf(aimd({ targetMs: 5, min: 3, max: 30, backoff: 0.5 }));
    const samples = fc.array(
      fc.record({ nowMs: fc.nat(10_000), latencyMs: fc.nat(10), inFlight: fc.nat(40), dropped: fc.boolean() }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(samples, (list) => {
        let state: AimdState = first;
        for (const one of list) {
          state = step(state, one);
          expect(state.limit).toBeGreaterThanOrEqual(3);
          expect(state.limit).toBeLessThanOrEqual(30);
        }
      }),
    );
    expect(step({ limit: 29.999, shrankMs: -Infinity }, sample({ latencyMs: 1, inFlight: 30 })).limit).toBe(30);
    expect(step({ limit: 4, shrankMs: -Infinity }, sample({ dropped: true })).limit).toBe(3);
  });
  it('begins within min and max', () => {
    expect(aimd({ targetMs: 1, min: 50 }).initial.limit).toBe(50);
    expect(aimd({ targetMs: 1, max: 5 }).initial.limit).toBe(5);
    expect(aimd({ targetMs: 1, min: 5000 }).initial.limit).toBe(5000);
  });
  it('refuses what makes no sense', () => {
    expect(() => aimd({ targetMs: 0 })).toThrow('targetMs must be a number in 1..600000; got 0');
    expect(() => aimd({ targetMs: NaN })).toThrow(RangeError);
    expect(() => aimd({ targetMs: '1' as never })).toThrow(TypeError);
    expect(() => aimd({ targetMs: 1, backoff: 1 })).toThrow('backoff');
    expect(() => aimd({ targetMs: 1, min: 9, max: 8 })).toThrow('max must be an integer in 9..1000000; got 8');
    expect(() => aimd({ targetMs: 1, min: 9, initial: 8 })).toThrow('initial');
  });
});

describe('fixedLimit', () => {
  it('does not move', () => {
    const { initial, next } = stepsOf(fixedLimit(7));
    expect(next(initial, sample({ dropped: true }))).toBe(initial);
    expect(() => fixedLimit(0)).toThrow('limit must be an integer in 1..1000000; got 0');
  });
});
