import { describe, expect, it } from 'vitest';
import { createClientThrottle, createTurnShedder } from '../../src/adaptive/index.ts';
import { manualClock } from '../../src/testing/manual-clock.ts';
import { fractions } from './support.ts';

describe('a turn shedder', () => {
  it('sheds who comes more than the budget after the first of the same turn', () => {
    const clock = manualClock(5);
    let over = (): void => undefined;
    const shedder = createTurnShedder({ budgetMs: 20, clock, defer: (fn) => (over = fn) });
    expect(shedder.shouldShed()).toBe(false);
    clock.advance(20);
    expect(shedder.shouldShed()).toBe(false);
    clock.advance(1);
    expect(shedder.shouldShed()).toBe(true);
    over();
    expect(shedder.shouldShed()).toBe(false);
  });
  it('needs a budget and a way to defer', () => {
    expect(() => createTurnShedder({ budgetMs: 0, defer: () => undefined })).toThrow('budgetMs');
    expect(() => createTurnShedder({ budgetMs: 1 } as never)).toThrow('defer must be a function; got undefined');
  });
});

describe('a client throttle', () => {
  const drive = (accepts: (nth: number) => boolean, clock = manualClock(), attempts = 20_000) => {
    const throttle = createClientThrottle({ clock, random: fractions(5) });
    let sent = 0;
    let accepted = 0;
    for (let i = 0; i < attempts; i++) {
      clock.advance(10);
      if (!throttle.tryBegin()) continue;
      const yes = accepts(++sent);
      if (yes) accepted++;
      throttle.end(yes);
    }
    return { throttle, sent, accepted };
  };
  it('refuses nothing while at least one of k is accepted', () => {
    expect(drive((nth) => nth % 2 === 1).sent).toBe(20_000);
  });
  it('sends about k times what is accepted when little is', () => {
    let sinceMs = 0;
    const clock = manualClock();
    const { sent, accepted } = drive(() => clock() - sinceMs >= 100 && ((sinceMs = clock()), true), clock);
    expect(sent / accepted).toBeGreaterThan(1.7);
    expect(sent / accepted).toBeLessThan(2.3);
  });
  it('goes on asking a server that refuses all, and trusts it again a window after it recovered', () => {
    const clock = manualClock();
    const { throttle, sent } = drive(() => false, clock);
    expect(sent).toBeGreaterThan(5);
    expect(sent).toBeLessThan(200);
    clock.advance(120_000);
    let begun = 0;
    for (let i = 0; i < 100; i++) if (throttle.tryBegin()) begun++;
    expect(begun).toBe(100);
  });
  it('takes those that are not answered yet for neither', () => {
    const throttle = createClientThrottle({ random: () => 0.001 });
    expect(Array.from({ length: 50 }, () => throttle.tryBegin()).every(Boolean)).toBe(true);
  });
  it('refuses options that make no sense', () => {
    expect(() => createClientThrottle({ k: 1 })).toThrow('k must be a number in 1.01..100; got 1');
    expect(() => createClientThrottle({ windowMs: 59 })).toThrow('windowMs');
  });
});
