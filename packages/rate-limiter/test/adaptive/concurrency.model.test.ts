/**
 * The limiter against a model: a plain list of who is under way and who waits, searched from the start each time.
 * Clients come, leave while they wait, finish in every way and finish twice; time passes.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConcurrencyLimiter, fixedLimit, type Permit } from '../../src/adaptive/index.ts';
import { manualTimers } from '../../src/testing/manual-timers.ts';

const SHARES = [1, 0.6, 0.3];
const MAX_AGE_MS = 50;

type Command =
  | { readonly do: 'try' | 'acquire'; readonly level: number }
  | { readonly do: 'release'; readonly which: number; readonly outcome: 'ok' | 'dropped' | 'ignored' }
  | { readonly do: 'abort'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number };

const level = fc.integer({ min: 0, max: 2 });
const which = fc.nat(30);
const command: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constantFrom('try', 'acquire'), level }), weight: 5 },
  {
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      which,
      outcome: fc.constantFrom('ok', 'dropped', 'ignored'),
    }),
    weight: 3,
  },
  fc.record({ do: fc.constant('abort' as const), which }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40 }) }),
);

interface Client {
  readonly id: number;
  readonly level: number;
  readonly sinceMs: number;
}

class Model {
  nowMs = 0;
  readonly under: Client[] = [];
  waiting: Client[] = [];
  readonly shed: number[] = [];
  private readonly limit: number;
  private readonly maxLength: number;

  constructor(limit: number, maxLength: number) {
    this.limit = limit;
    this.maxLength = maxLength;
  }

  start(client: Client): boolean {
    const room = this.under.length < Math.max(1, Math.floor(SHARES[client.level]! * this.limit));
    if (room) this.under.push(client);
    return room;
  }

  wait(client: Client): void {
    if (this.waiting.length === this.maxLength) {
      const lower = this.waiting.filter((one) => one.level > client.level);
      const lowest = Math.max(...lower.map((one) => one.level));
      const out = lower.filter((one) => one.level === lowest).at(-1) ?? client;
      this.shed.push(out.id);
      if (out === client) return;
      this.waiting = this.waiting.filter((one) => one !== out);
    }
    this.waiting.push(client);
  }

  admit(): void {
    const order = [...this.waiting].sort((a, b) => a.level - b.level || a.id - b.id);
    for (const client of order) {
      if (!this.start(client)) return;
      this.waiting = this.waiting.filter((one) => one !== client);
    }
  }

  pass(ms: number): void {
    this.nowMs += ms;
    const late = this.waiting.filter((one) => this.nowMs - one.sinceMs >= MAX_AGE_MS);
    this.shed.push(...late.map((one) => one.id));
    this.waiting = this.waiting.filter((one) => !late.includes(one));
  }
}

async function run(limit: number, maxLength: number, commands: readonly Command[]): Promise<void> {
  const timers = manualTimers();
  const queue = { maxLength, maxAgeMs: MAX_AGE_MS };
  const limiter = createConcurrencyLimiter({
    limit: fixedLimit(limit),
    shares: SHARES,
    queue,
    timers,
    clock: timers.clock,
  });
  const model = new Model(limit, maxLength);
  const permits = new Map<number, Permit>();
  const aborts = new Map<number, AbortController>();
  const answers = { shed: [] as number[], aborted: [] as number[] };
  let id = 0;
  for (const next of commands) {
    if (next.do === 'pass') {
      model.pass(next.ms);
      await timers.advance(next.ms);
    } else if (next.do === 'release') {
      const client = model.under[next.which % Math.max(1, model.under.length)];
      if (client === undefined) continue;
      model.under.splice(model.under.indexOf(client), 1);
      model.admit();
      permits.get(client.id)!.release(next.outcome);
      permits.get(client.id)!.release(next.outcome);
    } else if (next.do === 'abort') {
      const client = model.waiting[next.which % Math.max(1, model.waiting.length)];
      if (client === undefined) continue;
      model.waiting = model.waiting.filter((one) => one !== client);
      aborts.get(client.id)!.abort(client.id);
    } else {
      const client = { id: id++, level: next.level, sinceMs: model.nowMs };
      const expected = model.start(client);
      if (next.do === 'try') {
        const permit = limiter.tryAcquire(next.level);
        expect(permit !== undefined).toBe(expected);
        if (permit !== undefined) permits.set(client.id, permit);
      } else {
        if (!expected) model.wait(client);
        const abort = new AbortController();
        aborts.set(client.id, abort);
        void limiter.acquire({ priority: next.level, signal: abort.signal }).then(
          (permit) => (permit === undefined ? answers.shed.push(client.id) : permits.set(client.id, permit)),
          (reason: unknown) => answers.aborted.push(reason as number),
        );
      }
    }
    await timers.advance(0);
    expect(limiter.inFlight).toBe(model.under.length);
    expect(limiter.queued).toBe(model.waiting.length);
    expect(model.under.every((client) => permits.has(client.id))).toBe(true);
    expect([...answers.shed].sort()).toEqual([...model.shed].sort());
    expect(timers.pending).toBe(model.waiting.length > 0 ? 1 : 0);
  }
  // Everybody leaves, whatever was going on.
  for (const abort of aborts.values()) abort.abort(-1);
  for (const permit of permits.values()) permit.release();
  await timers.advance(0);
  expect([limiter.inFlight, limiter.queued, timers.pending]).toEqual([0, 0, 0]);
}

describe('a concurrency limiter', () => {
  it('gives the same permits to the same clients as a list of who is under way and who waits', async () => {
    const numRuns = process.env['NIGHTLY'] === undefined ? 200 : 5000;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(command, { maxLength: 60 }),
        run,
      ),
      { numRuns },
    );
  });
});
