import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timingWheel } from '../../src/expiry/index.ts';
import type { Expirer } from '../../src/types.ts';
import { World } from './world.ts';

const nightly = process.env['NIGHTLY'] === '1';

/** The cache reduced to deadlines, and what must have left by when. */
class Model {
  readonly deadlines = new Map<number, number>();
  /** The last moment at which it may still be there: its tick, or the next one when it was overdue from the start. */
  readonly latest = new Map<number, number>();
  readonly expired: number[] = [];
  readonly world: World;
  readonly wheel: Expirer;
  readonly tickMs: number;
  readonly start: number;

  constructor(tickMs: number, start: number, slots: number) {
    this.tickMs = tickMs;
    this.start = start;
    this.world = new World(start);
    this.wheel = timingWheel({ tickMs, timers: this.world });
    this.wheel.attach({
      clock: this.world,
      deadlineOf: (slot) => this.deadlines.get(slot) ?? Infinity,
      expire: (slot) => {
        const deadline = this.deadlines.get(slot);
        if (deadline === undefined) throw new Error(`${slot} expired, but is not scheduled`);
        if (this.world.now() < deadline) throw new Error(`${slot} is early: ${this.world.now()} is before ${deadline}`);
        this.forget(slot);
        this.expired.push(slot);
        // As the store does.
        this.wheel.cancel(slot);
      },
    });
    this.wheel.grow(slots);
  }

  schedule(slot: number, deadline: number): void {
    this.deadlines.set(slot, deadline);
    const { tickMs, start, world } = this;
    const tick = Math.max(Math.ceil((deadline - start) / tickMs), Math.floor((world.now() - start) / tickMs) + 1);
    // A timer's delay is whole milliseconds, rounded up.
    this.latest.set(slot, start + tick * tickMs + 1);
    this.wheel.schedule(slot, deadline);
  }

  cancel(slot: number): void {
    this.forget(slot);
    this.wheel.cancel(slot);
  }

  /** Nothing is overdue, and a timer is armed if and only if something can expire. */
  check(): void {
    for (const [slot, latest] of this.latest) {
      if (latest <= this.world.now()) throw new Error(`${slot} is late: it is ${this.world.now()}, past ${latest}`);
    }
    const waiting = [...this.deadlines.values()].some((deadline) => deadline !== Infinity);
    expect(this.world.timersArmed).toBe(waiting ? 1 : 0);
  }

  private forget(slot: number): void {
    this.deadlines.delete(slot);
    this.latest.delete(slot);
  }
}

/** From now: the past, the next ticks, all levels of the wheel, its horizon, what a timer cannot hold, and never. */
const away = fc.oneof(
  fc.integer({ min: -5000, max: 5000 }),
  fc.double({ min: 0, max: 3000, noNaN: true }),
  fc.integer({ min: 0, max: 1e6 }),
  fc.integer({ min: 0, max: 2 ** 33 }),
  fc.integer({ min: 0, max: 2 ** 33 }).map((n) => n * 100),
  fc.constantFrom(0, 1, 64, 64 * 64, 64 ** 3, 64 ** 4, 64 ** 4 + 1, 2 ** 31 - 1, 2 ** 31, 1e300, Infinity),
);
const slot = fc.integer({ min: 1, max: 30 });
const passing = fc.oneof(fc.nat(50), fc.nat(5000), fc.nat(1e6), fc.nat(2 ** 32));
const op = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('schedule' as const), slot, away) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('cancel' as const), slot, fc.constant(0)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('advance' as const), fc.constant(0), passing) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('block' as const), fc.constant(0), passing) },
);

describe('a timing wheel against a list of deadlines', () => {
  it('is never early, never more than a tick late, and never has two timers', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 7, 250.5, 1000),
        fc.constantFrom(0, 123.456, 1.7e12, -5e6),
        // Half ticks, so that time stops at deadlines, at ticks and between them; or anything.
        fc.boolean(),
        fc.array(op, { maxLength: 120, size: 'max' }),
        (tickMs, start, halves, ops) => {
          const model = new Model(tickMs, start, 30);
          for (const [what, n, any] of ops) {
            const ms = halves ? Math.round(any / tickMs) * (tickMs / 2) : any;
            // As far as a double of this size can tell.
            if (what === 'schedule') model.schedule(n, model.world.now() + ms);
            else if (what === 'cancel') model.cancel(n);
            else if (what === 'advance') model.world.advance(ms);
            else {
              // Whoever was blocked is late by as much, and then done at once.
              model.world.block(ms);
              model.world.advance(1);
            }
            model.check();
          }
        },
      ),
      { numRuns: nightly ? 20_000 : 200 },
    );
  });

  it('empties 100,000 deadlines in their order', () => {
    const count = nightly ? 1_000_000 : 100_000;
    const model = new Model(1000, 5000, count);
    let state = 99;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const deadlines: number[] = [0];
    for (let n = 1; n <= count; n++) {
      const scale = 10 ** (1 + 11 * random());
      const deadline = random() < 0.05 ? Infinity : 5000 + (random() - 0.02) * scale;
      deadlines.push(deadline);
      model.deadlines.set(n, deadline);
      model.wheel.schedule(n, deadline);
    }
    const finite = deadlines.slice(1).filter((deadline) => deadline !== Infinity).length;
    for (let round = 0; round <= 12; round++) model.world.advance(10 ** round);
    expect(model.expired).toHaveLength(finite);
    expect(model.world.timersArmed).toBe(0);
    // In order, to the tick.
    const ticks = model.expired.map((n) => Math.max(1, Math.ceil(((deadlines[n] as number) - 5000) / 1000)));
    expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
  });

  it('wakes up a few times for what is far away, not once a tick', () => {
    const model = new Model(1000, 0, 1);
    const days = 24 * 3600 * 1000;
    model.schedule(1, 400 * days);
    model.world.advance(401 * days);
    expect(model.expired).toEqual([1]);
    // 17 naps of the 24.8 days that a timer can hold, and one for each level on the way down.
    expect(model.world.fired).toBeLessThanOrEqual(24);
  });

  it('sets no timer when deadlines move away, as a sliding ttl makes them do', () => {
    const model = new Model(1000, 0, 100);
    for (let n = 1; n <= 100; n++) model.schedule(n, 60_000);
    const { sets } = model.world;
    for (let round = 1; round <= 50; round++) {
      model.world.advance(200);
      for (let n = 1; n <= 100; n++) model.schedule(n, 60_000 + 200 * round);
    }
    expect(model.world.sets).toBe(sets);
    model.world.advance(59_000);
    expect(model.expired).toEqual([]);
    model.world.advance(2000);
    expect(model.expired).toHaveLength(100);
  });
});
