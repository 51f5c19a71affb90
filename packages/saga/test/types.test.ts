/** What the compiler refuses: `npm run typecheck` reads this file, the runner only carries it along. */
import { expectTypeOf, it } from 'vitest';
import type { Log } from '@loadbearing/commit-log';
import { saga } from '../src/index.ts';
import type { Engine, Handle, Outcome } from '../src/index.ts';
import type { LogClient } from '../src/stores/log.ts';

const parse = (input: unknown): { readonly sku: string } => input as { readonly sku: string };
const begin = () => saga('order', { version: 1, parse });
const undo = (): void => undefined;

/** Never called: its body is for the compiler alone. */
function compiles(check: () => unknown): void {
  expectTypeOf(check).toBeFunction();
}

it('gives handlers the input and the results of earlier steps', () => {
  compiles(() =>
    begin()
      .step('reserve', {
        run: (c) => {
          expectTypeOf(c.input.sku).toEqualTypeOf<string>();
          return { hold: 1 };
        },
        undo: (c) => {
          expectTypeOf(c.result).toEqualTypeOf<{ hold: number } | undefined>();
        },
      })
      .pivot('charge', {
        run: (c) => {
          expectTypeOf(c.results.reserve.hold).toEqualTypeOf<number>();
          return 'paid';
        },
        undo: 'retry-until-known',
      })
      .retriable('ship', { run: (c) => c.results.charge.length })
      .build(),
  );
});

it('types the outcome of a run', () => {
  const order = begin()
    .step('a', { run: () => 1, undo })
    .build();
  compiles(async () => {
    const engine = null as unknown as Engine;
    const run = await engine.start(order, { sku: 'x' }, { id: 'r' });
    expectTypeOf(run).toExtend<Handle<{ readonly a: number }>>();
    const outcome = await run.result();
    expectTypeOf(outcome.status).toEqualTypeOf<Outcome<unknown>['status']>();
    if (outcome.status === 'completed') expectTypeOf(outcome.results.a).toEqualTypeOf<number>();
    // @ts-expect-error results exist only when completed
    compiles(() => outcome.results);
    // @ts-expect-error the input is not this saga's
    await engine.start(order, { sku: 1 }, { id: 'r' });
  });
});

it('refuses a result of a step that has not run yet', () => {
  compiles(() =>
    begin()
      // @ts-expect-error there is no result named charge yet
      .step('a', { run: (c) => c.results.charge as number, undo }),
  );
});

it('refuses a step without its undo, and an undo that takes the result for granted', () => {
  compiles(() =>
    begin()
      // @ts-expect-error a step before the pivot has an undo
      .step('a', { run: () => 1 }),
  );
  compiles(() =>
    // @ts-expect-error the step may be in doubt: its result may be undefined
    begin().step('a', { run: () => ({ id: 1 }), undo: (c) => console.log(c.result.id) }),
  );
  compiles(() =>
    // @ts-expect-error inside a branch as well
    begin().parallel((b) => b.step('a', { run: () => ({ id: 1 }), undo: (c) => console.log(c.result.id) })),
  );
  compiles(() =>
    begin()
      .step('a', { run: () => ({ id: 1 }), undo })
      // @ts-expect-error while undoing, results of earlier steps may be missing
      .step('b', { run: () => 1, undo: (c) => console.log(c.results.a.id) }),
  );
});

it('keeps the order of compensable, pivot and retriable', () => {
  const pivoted = () => begin().pivot('pay', { run: () => 1, undo: 'retry-until-known' });
  // @ts-expect-error no step after the pivot
  compiles(() => pivoted().step('late', { run: () => 1, undo }));
  // @ts-expect-error no second pivot
  compiles(() => pivoted().pivot('again', { run: () => 1, undo }));
  // @ts-expect-error no parallel stage after the pivot
  compiles(() => pivoted().parallel((b: never) => b));
  // @ts-expect-error retriable only after the pivot
  compiles(() => begin().retriable('early', { run: () => 1 }));
});

it('wants to know what becomes of a pivot in doubt', () => {
  // @ts-expect-error either an undo or retry-until-known
  compiles(() => begin().pivot('pay', { run: () => 1 }));
  // @ts-expect-error no other word
  compiles(() => begin().pivot('pay', { run: () => 1, undo: 'never' }));
});

it('refuses a name used before, and a branch that reads its sibling', () => {
  compiles(() =>
    begin()
      .step('a', { run: () => 1, undo })
      // @ts-expect-error a is taken
      .step('a', { run: () => 1, undo }),
  );
  compiles(() =>
    begin().parallel((b) =>
      b
        .step('x', { run: () => 1, undo })
        // @ts-expect-error x runs at the same time
        .step('y', { run: (c) => c.results.x as number, undo }),
    ),
  );
});

it('refuses results that do not survive JSON', () => {
  // @ts-expect-error a Date becomes a string
  compiles(() => begin().step('a', { run: () => ({ at: new Date() }), undo }));
  // @ts-expect-error a bigint cannot be written
  compiles(() => begin().step('a', { run: () => 1n, undo }));
  // @ts-expect-error a Map becomes {}
  compiles(() => begin().read('a', { run: () => new Map<string, string>() }));
  interface Plain {
    readonly id: number;
    readonly tags?: readonly string[];
  }
  // An interface has no index signature and is welcome all the same.
  compiles(() => begin().step('a', { run: (): Plain => ({ id: 1 }), undo }));
});

it('makes the result of a conditional step something to be guarded', () => {
  compiles(() =>
    begin()
      .stepIf('gift', { when: (c) => c.input.sku === 'x', run: () => ({ id: 1 }), undo })
      // @ts-expect-error it may have been skipped
      .read('b', { run: (c) => c.results.gift.id }),
  );
});

it('knows the waits of a saga, and what each takes', () => {
  const order = begin()
    .waitFor('approval', { timeoutMs: 1, parse: (v) => v as { readonly by: string } })
    .read('a', { run: (c) => c.results.approval.by })
    .build();
  const engine = null as unknown as Engine;
  compiles(() => engine.signal(order, 'r', 'approval', { by: 'ann' }));
  // @ts-expect-error not a wait
  compiles(() => engine.signal(order, 'r', 'a', 'x'));
  // @ts-expect-error not what it takes
  compiles(() => engine.signal(order, 'r', 'approval', { by: 1 }));
  // @ts-expect-error skip has no result, done must have one
  compiles(() => engine.resolve('r', { by: 'ann', action: 'done' }));
});

it('takes the log of @loadbearing/commit-log as it is', () => {
  expectTypeOf<Log>().toExtend<LogClient>();
});
