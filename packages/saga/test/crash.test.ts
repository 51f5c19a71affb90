/** A crash at any moment: the run ends all the same, and the participants' books agree. */
import { describe, expect, it } from 'vitest';
import { Rejected, saga } from '../src/index.ts';
import { fold } from '../src/evolve.ts';
import { tell } from './crash-world.ts';
import type { Fate, MakeSaga, Plan, Story } from './crash-world.ts';
import { STORES } from './stores.ts';

const parse = (input: unknown): unknown => input;
const retry = { baseMs: 10, jitter: 'none', maxAttempts: 3 } as const;

/** Two branches, a point of no return, a step that fails at first. Always completed. */
const completes: MakeSaga = (ledger, call) =>
  saga('completes', { version: 1, parse })
    .parallel((b) =>
      b
        .step('stock', {
          run: (c) => call(() => ledger.apply(c.key)),
          undo: (c) => call(() => ledger.cancel(c.key)),
          retry,
        })
        .step('credit', {
          run: (c) => call(() => ledger.apply(c.key)),
          undo: (c) => call(() => ledger.cancel(c.key)),
          retry,
        }),
    )
    .pivot('charge', { run: (c) => call(() => ledger.apply(c.key)), undo: 'retry-until-known', retry })
    .sleep('pause', 300)
    .retriable('ship', {
      run: (c) =>
        call(() => {
          if (c.attempt === 1) throw new Error('not yet');
          return ledger.apply(c.key);
        }),
      retry,
    })
    .build();

/** The third step is refused, and the undo of the second fails at first. Always compensated. */
const compensates: MakeSaga = (ledger, call) =>
  saga('compensates', { version: 1, parse })
    .step('a', { run: (c) => call(() => ledger.apply(c.key)), undo: (c) => call(() => ledger.cancel(c.key)), retry })
    .step('b', {
      run: (c) => call(() => ledger.apply(c.key)),
      undo: (c) =>
        call(() => {
          if (c.attempt === 1) throw new Error('not yet');
          ledger.cancel(c.key);
        }),
      undoOptions: { retry },
    })
    .step('c', {
      run: (c) =>
        call((): string => {
          ledger.requests++;
          throw new Rejected(`no ${c.key}`);
        }),
      undo: (c) => call(() => ledger.cancel(c.key)),
    })
    .pivot('never', { run: (c) => call(() => ledger.apply(c.key)), undo: 'retry-until-known' })
    .build();

/** The pivot's effect takes place but its answer is always lost, until it is undone like a step. */
const doubts: MakeSaga = (ledger, call) =>
  saga('doubts', { version: 1, parse })
    .step('a', { run: (c) => call(() => ledger.apply(c.key)), undo: (c) => call(() => ledger.cancel(c.key)), retry })
    .pivot('pay', {
      run: (c) =>
        call((): string => {
          ledger.apply(c.key);
          throw new Error('the line went dead');
        }),
      undo: (c) => call(() => ledger.cancel(c.key)),
      retry,
    })
    .build();

const FATES: readonly Fate[] = ['dies before', 'dies after', 'freezes before', 'freezes after'];

function booksAgree({ outcome, journal, ledger }: Story, wanted: 'completed' | 'compensated', when: string): void {
  expect(outcome.status, when).toBe(wanted);
  const records = journal.entries.flatMap((e) => e.records);
  expect(records.filter((r) => r.type === 'completed' || r.type === 'compensated')).toHaveLength(1);
  expect(fold('r', journal.entries).phase).toBe(wanted);
  const applied = ledger.effects.filter((e) => e.startsWith('+'));
  expect(new Set(applied).size, when).toBe(applied.length);
  if (wanted === 'completed') {
    expect([...ledger.states.values()], when).toEqual(Array(4).fill('applied'));
  } else {
    expect([...ledger.states.values()], when).not.toContain('applied');
    // Net zero, and the effects taken back in the reverse of the order in which they took place.
    const undone = ledger.effects.filter((e) => e.startsWith('-'));
    expect(
      undone.map((e) => e.slice(1)),
      when,
    ).toEqual(applied.map((e) => e.slice(1)).reverse());
  }
}

const SAGAS = [
  { saga: 'that completes', make: completes, wanted: 'completed' },
  { saga: 'that is refused', make: compensates, wanted: 'compensated' },
  { saga: 'with a pivot in doubt', make: doubts, wanted: 'compensated' },
] as const;

describe.each(STORES)('on the $name', (kind) => {
  describe.each(SAGAS)('a saga $saga', ({ make, wanted }) => {
    it('keeps its promise when nothing happens', async () => {
      booksAgree(await tell(kind, make, []), wanted, 'calm');
    });

    it.each(FATES)('keeps it when the worker %s, at each of its outside calls', async (fate) => {
      const [points] = (await tell(kind, make, [])).points;
      let takeovers = 0;
      // A little further than a calm run goes, for the calls of a worker that is waiting.
      for (let at = 0; at < points! + 2; at++) {
        const story = await tell(kind, make, [{ at, fate }]);
        booksAgree(story, wanted, `${fate}, call ${at}`);
        if (story.points.length === 2 && story.journal.entries.some((e) => e.records[0]?.type === 'claimed'))
          takeovers++;
      }
      // The sweep has reached the inside of the run, not only its borders.
      expect(takeovers).toBeGreaterThan(8);
    });

    it('keeps it when two workers in a row are lost', async () => {
      for (let first = 2; first < 20; first += 3) {
        for (let second = 1; second < 24; second += 2) {
          const plans: readonly Plan[] = [
            { at: first, fate: FATES[second % 4]! },
            { at: second, fate: FATES[first % 4]! },
          ];
          booksAgree(await tell(kind, make, plans), wanted, JSON.stringify(plans));
        }
      }
    });
  });
});
