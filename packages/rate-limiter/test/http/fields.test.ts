/** The fields are Structured Fields, as a parser that is not ours reads them, and mean what the draft says. */
import fc from 'fast-check';
import { parseList, type Item } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import { createVerdict, type Verdict } from '../../src/http/index.ts';
import { blocklist, createLimiter, fixedWindow, gcra, slidingLog, type Decision, type Limit } from '../../src/index.ts';
import { manualClock } from '../../src/testing/index.ts';
import { composedLimits } from '../support.ts';

const field = ({ headers }: Verdict, name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
const items = (text: string | undefined): [string, Record<string, unknown>][] =>
  (parseList(text ?? '') as Item[]).map(([name, parameters]) => [name as string, Object.fromEntries(parameters)]);
const decisionOf = (limit: Limit, changes: Partial<Decision>): Decision => ({
  ...createLimiter({ limits: limit, clock: manualClock() }).takeSync('k'),
  ...changes,
});

/** Examples of draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4, without their partition keys. */
describe("the draft's examples", () => {
  const minute = fixedWindow({ name: 'permin', limit: 50, windowMs: 60_000 });
  it.each([
    [[fixedWindow({ name: 'default', limit: 100, windowMs: 10_000 })], '"default";q=100;w=10'],
    [
      [
        slidingLog({ name: 'burst', limit: 100, windowMs: 60_000 }),
        gcra({ name: 'daily', rate: 1000, perMs: 86_400_000 }),
      ],
      '"burst";q=100;w=60,"daily";q=1000;w=86400',
    ],
    [
      [minute, fixedWindow({ name: 'perhr', limit: 1000, windowMs: 3_600_000 })],
      '"permin";q=50;w=60,"perhr";q=1000;w=3600',
    ],
    [
      [fixedWindow({ name: 'peruser', limit: 65_535, windowMs: 10_000, unit: 'content-bytes' })],
      '"peruser";q=65535;qu="content-bytes";w=10',
    ],
  ])('are what we say of such limits (%#)', (limits, example) => {
    const decision = createLimiter({ limits, clock: manualClock() }).takeSync('k');
    expect(items(field(createVerdict(limits)(decision), 'RateLimit-Policy'))).toEqual(items(example));
  });

  it('50 left for 30 seconds', () => {
    const limit = fixedWindow({ name: 'default', limit: 100, windowMs: 60_000 });
    const verdict = createVerdict([limit])(decisionOf(limit, { remaining: 50, retryAfterMs: 0 }));
    expect(field(verdict, 'RateLimit')).toBe('"default";r=50;t=30');
  });
});

describe('the fields', () => {
  it('are structured fields for all limits, costs and times, with integers of at most 15 digits', () => {
    fc.assert(
      fc.property(
        composedLimits,
        fc.array(fc.record({ idleMs: fc.nat(2000), cost: fc.integer({ min: 1, max: 30 }) }), { minLength: 1 }),
        (limits, calls) => {
          const clock = manualClock();
          const limiter = createLimiter({ limits, clock });
          const verdict = createVerdict(limits);
          for (const { idleMs, cost } of calls) {
            clock.advance(idleMs);
            const said = verdict(limiter.takeSync('k', cost));
            const policies = new Map(items(field(said, 'RateLimit-Policy')));
            expect([...policies.keys()]).toEqual(limits.map(({ name }) => name));
            const [[name, { r, t }]] = items(field(said, 'RateLimit')) as [[string, Record<string, number>]];
            expect(policies.has(name)).toBe(true);
            for (const value of [r, t ?? 0]) expect(Number.isSafeInteger(value) && value! >= 0).toBe(true);
          }
        },
      ),
    );
  });

  it('say nothing of quotas where nobody counted, and 503 where the failure is ours', () => {
    const limit = gcra({ name: 'ip', rate: 1, perMs: 1000 });
    const verdict = createVerdict([limit], { retryJitter: 0 });
    expect(verdict(decisionOf(limit, { source: 'open' }))).toMatchObject({ allowed: true, status: 200, headers: [] });
    for (const source of ['closed', 'full'] as const) {
      const said = verdict(decisionOf(limit, { source, allowed: false, retryAfterMs: 1250 }));
      expect(said.status).toBe(503);
      expect(said.headers).toEqual([
        ['Retry-After', '2'],
        ['Content-Type', 'application/problem+json'],
      ]);
      expect(said.body).toContain('#temporary-reduced-capacity');
    }
  });

  it.each(['store', 'lease', 'cache', 'local'] as const)('a refusal by "%s" is the client\'s doing: 429', (source) => {
    const limit = gcra({ name: 'ip', rate: 1, perMs: 1000 });
    const said = createVerdict([limit])(decisionOf(limit, { source, allowed: false, retryAfterMs: 1000 }));
    expect(said.status).toBe(429);
    expect(items(field(said, 'RateLimit'))).toEqual([['ip', { r: 0, t: 1 }]]);
  });

  it('list the policy of a limiter that stands in, when it speaks', () => {
    const [usual, standIn] = [
      gcra({ name: 'ip', rate: 9, perMs: 1000 }),
      gcra({ name: 'spare', rate: 2, perMs: 1000 }),
    ];
    const refused = createVerdict([usual])(decisionOf(standIn, { source: 'local', allowed: false, retryAfterMs: 500 }));
    expect(field(refused, 'RateLimit-Policy')).toBe('"spare";q=2;w=1');
    expect(JSON.parse(refused.body)).toMatchObject({ 'violated-policies': ['spare'] });
  });

  it('are the old ones too, or none, as configured', () => {
    const limit = gcra({ name: 'ip', rate: 2, perMs: 1000 });
    const decision = decisionOf(limit, { resetAfterMs: 1500 });
    const legacy = createVerdict([limit], { headers: 'draft+legacy', wallClock: () => 1_700_000_000_600 })(decision);
    expect(legacy.headers).toEqual([
      ['RateLimit-Policy', '"ip";q=2;w=1'],
      ['RateLimit', '"ip";r=1;t=1'],
      ['X-RateLimit-Limit', '2'],
      ['X-RateLimit-Remaining', '1'],
      ['X-RateLimit-Reset', '1700000003'],
    ]);
    const none = createVerdict([limit], { headers: 'none', retryJitter: 0 });
    expect(none(decision).headers).toEqual([]);
    expect(none(decisionOf(limit, { allowed: false, retryAfterMs: 1 })).headers).toEqual([
      ['Retry-After', '1'],
      ['Content-Type', 'application/problem+json'],
    ]);
  });

  it('say nothing at all of a blocklist alone', () => {
    const limit = blocklist();
    const verdict = createVerdict([limit], { headers: 'draft+legacy' });
    expect(verdict(decisionOf(limit, {})).headers).toEqual([]);
  });
});

describe('an obedient client, alone on its key', () => {
  const schedules = process.env['NIGHTLY'] === undefined ? 400 : 10_000;
  it(`is never refused twice in a row, over ${schedules} schedules`, () => {
    fc.assert(
      fc.property(
        composedLimits,
        fc.array(fc.record({ idleMs: fc.nat(3000), cost: fc.integer({ min: 1, max: 12 }) }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.boolean(),
        (limits, calls, drawn, obeysRateLimit) => {
          const clock = manualClock();
          const limiter = createLimiter({ limits, clock });
          const verdict = createVerdict(limits, { random: () => drawn });
          for (const { idleMs, cost } of calls) {
            clock.advance(idleMs);
            const said = verdict(limiter.takeSync('k', cost));
            const retryAfter = field(said, 'Retry-After');
            if (said.allowed || retryAfter === undefined) continue;
            const [[, { t }]] = items(field(said, 'RateLimit')) as [[string, Record<string, number>]];
            expect(Number(retryAfter)).toBeGreaterThanOrEqual(t!);
            clock.advance(1000 * (obeysRateLimit ? t! : Number(retryAfter)));
            expect(limiter.takeSync('k', cost).allowed).toBe(true);
          }
        },
      ),
      { numRuns: schedules },
    );
  });
});
