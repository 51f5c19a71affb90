/** The checker of the migration model, against every order that a register could have executed a history in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { violation } from './migrate/register.ts';
import type { Operation } from './migrate/register.ts';

const RUNS = process.env['NIGHTLY'] === '1' ? 20_000 : 1000;

/** Whether some order that respects time gives every read what it read; an unanswered write may be left out. */
function isRegister(history: readonly Operation[], value: string | undefined): boolean {
  const answered = history.filter(({ end }) => end < Infinity);
  if (answered.length === 0) return true;
  const firstEnd = Math.min(...answered.map(({ end }) => end));
  return history.some((next) => {
    if (next.start > firstEnd) return false;
    if (next.kind === 'get' && next.value !== value) return false;
    const rest = history.filter((other) => other !== next);
    return isRegister(rest, next.kind === 'get' ? value : next.value);
  });
}

/** Intervals with different ends, sets with different values, reads of any of them or of nothing. */
const histories = (kinds: readonly Operation['kind'][]): fc.Arbitrary<Operation[]> =>
  fc
    .array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        start: fc.nat(20),
        length: fc.nat(12),
        isAnswered: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
        reads: fc.nat(7),
      }),
      { maxLength: 7 },
    )
    .map((given) =>
      given.map(({ kind, start, length, isAnswered, reads }, i): Operation => {
        const sets = given.flatMap((other, j) => (other.kind === 'set' ? [`v${String(j)}`] : []));
        const seen = kinds.includes('delete') ? [undefined, ...sets] : sets;
        return {
          kind,
          value: kind === 'set' ? `v${String(i)}` : kind === 'get' ? seen[reads % Math.max(1, seen.length)] : undefined,
          // All times differ: whether [0, 1] comes before [1, 2] is nobody's question.
          start: start * 100 + i,
          end: isAnswered ? (start + length) * 100 + 50 + i : Infinity,
        };
      }),
    );

describe('the checker of registers', () => {
  it('never accuses a history that some order explains', () => {
    fc.assert(
      fc.property(histories(['get', 'set', 'delete']), (history) => {
        const answered = history.filter(({ kind, end }) => kind !== 'get' || end < Infinity);
        if (isRegister(answered, undefined)) expect(violation(history)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  it('without deletes, accuses exactly the histories that no order explains', () => {
    fc.assert(
      fc.property(histories(['get', 'set']), (history) => {
        const answered = history.filter(({ kind, end }) => kind !== 'get' || end < Infinity);
        expect(violation(history) === undefined).toBe(isRegister(answered, undefined));
      }),
      { numRuns: RUNS },
    );
  });

  const cases: readonly (readonly [string, readonly Operation[], RegExp | undefined])[] = [
    [
      'a write that is read back',
      [
        { kind: 'set', value: 'x', start: 0, end: 1 },
        { kind: 'get', value: 'x', start: 2, end: 3 },
      ],
      undefined,
    ],
    [
      'a write that is gone',
      [
        { kind: 'set', value: 'x', start: 0, end: 1 },
        { kind: 'get', value: undefined, start: 2, end: 3 },
      ],
      /^lost/,
    ],
    [
      'a value that was replaced before the read began',
      [
        { kind: 'set', value: 'x', start: 0, end: 1 },
        { kind: 'set', value: 'y', start: 2, end: 3 },
        { kind: 'get', value: 'x', start: 4, end: 5 },
      ],
      /^stale/,
    ],
    [
      'a value that was deleted before the read began',
      [
        { kind: 'set', value: 'x', start: 0, end: 1 },
        { kind: 'delete', start: 2, end: 3 },
        { kind: 'get', value: 'x', start: 4, end: 5 },
      ],
      /^back from the dead/,
    ],
    [
      'two reads that saw an unanswered write come and go',
      [
        { kind: 'set', value: 'x', start: 0, end: 1 },
        { kind: 'set', value: 'y', start: 2, end: Infinity },
        { kind: 'get', value: 'y', start: 3, end: 4 },
        { kind: 'get', value: 'x', start: 5, end: 6 },
      ],
      /^stale/,
    ],
    [
      'an unanswered write that shows up late, or never',
      [
        { kind: 'set', value: 'x', start: 0, end: 1 },
        { kind: 'set', value: 'y', start: 2, end: Infinity },
        { kind: 'get', value: 'x', start: 3, end: 4 },
        { kind: 'get', value: 'y', start: 5, end: 6 },
      ],
      undefined,
    ],
    ['a value that nobody wrote', [{ kind: 'get', value: 'x', start: 0, end: 1 }], /^out of nowhere/],
  ];

  it.each(cases)('judges %s', (_, history, verdict) => {
    if (verdict === undefined) expect(violation(history)).toBeUndefined();
    else expect(violation(history)).toMatch(verdict);
  });
});
