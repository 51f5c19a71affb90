import { describe, expect, it } from 'vitest';
import { Park, Rejected, saga } from '../src/index.ts';
import type { Journal } from '../src/index.ts';
import { settle, world } from './harness.ts';

const parse = (input: unknown): { readonly n: number } => input as { n: number };
const types = (journal: Journal | null): string[][] => journal!.entries.map((e) => e.records.map((r) => r.type));

describe('a run going forward', () => {
  it('gives each step the results of the earlier ones, and writes n + 1 entries for n steps', async () => {
    const w = world();
    const sum = saga('sum', { version: 1, parse })
      .read('a', { run: (c) => c.input.n + 1 })
      .step('b', { run: (c) => ({ a: c.results.a, key: c.key }), undo: () => undefined })
      .pivot('c', { run: (c) => c.results.b.a * 10, undo: 'retry-until-known' })
      .retriable('d', { run: (c) => `${c.results.c}` })
      .build();
    const engine = w.engine({ sagas: [sum] });
    await engine.open();
    const run = await engine.start(sum, { n: 1 }, { id: 'r1' });
    expect(run.created).toBe(true);
    expect(await run.result()).toEqual({
      status: 'completed',
      results: { a: 2, b: { a: 2, key: 'r1/b' }, c: 20, d: '20' },
    });
    expect(types(await engine.journal('r1'))).toEqual([
      ['started'],
      ['done'],
      ['done'],
      ['done'],
      ['done', 'completed'],
    ]);
    await engine.close();
  });

  it('starts a step only when the result before it is durable', async () => {
    const w = world();
    const seen: number[] = [];
    const order = saga('order', { version: 1, parse })
      .step('a', { run: () => 1, undo: () => undefined })
      .step('b', {
        run: async (c) => {
          seen.push((await w.store.load([c.runId]))[0]!.entries.length);
        },
        undo: () => undefined,
      })
      .build();
    const engine = w.engine({ sagas: [order] });
    await engine.open();
    await (await engine.start(order, { n: 1 }, { id: 'r' })).result();
    expect(seen).toEqual([2]);
  });

  it('retries with the same key after the journaled delay, and counts attempts from 1', async () => {
    const w = world();
    const calls: string[] = [];
    const flaky = saga('flaky', { version: 1, parse })
      .step('a', {
        run: (c) => {
          calls.push(`${c.key} ${c.attempt}`);
          if (c.attempt < 3) throw new Error('not yet');
          return c.attempt;
        },
        undo: () => undefined,
        retry: { jitter: 'none', baseMs: 100 },
      })
      .build();
    const engine = w.engine({ sagas: [flaky] });
    await engine.open();
    const run = await engine.start(flaky, { n: 1 }, { id: 'r' });
    await settle();
    expect(calls).toEqual(['r/a 1']);
    await w.advance(99);
    expect(calls).toHaveLength(1);
    await w.advance(1);
    await w.advance(200);
    expect(await run.result()).toEqual({ status: 'completed', results: { a: 3 } });
    expect(calls).toEqual(['r/a 1', 'r/a 2', 'r/a 3']);
  });

  it('skips a conditional step whose condition is false, and leaves no result', async () => {
    const w = world();
    const some = saga('some', { version: 1, parse })
      .stepIf('big', { when: (c) => c.input.n > 10, run: () => 'big', undo: () => undefined })
      .read('after', { run: (c) => c.results.big ?? 'none' })
      .build();
    const engine = w.engine({ sagas: [some] });
    await engine.open();
    expect(await (await engine.start(some, { n: 1 }, { id: 'small' })).result()).toEqual({
      status: 'completed',
      results: { after: 'none' },
    });
    expect(await (await engine.start(some, { n: 11 }, { id: 'big' })).result()).toMatchObject({
      results: { big: 'big', after: 'big' },
    });
  });

  it('runs the branches of a stage at the same time', async () => {
    const w = world();
    let inside = 0;
    let most = 0;
    const branch = async (): Promise<number> => {
      most = Math.max(most, ++inside);
      await settle(1);
      inside--;
      return 1;
    };
    const both = saga('both', { version: 1, parse })
      .parallel((b) => b.step('x', { run: branch, undo: () => undefined }).read('y', { run: branch }))
      .read('sum', { run: (c) => c.results.x + c.results.y })
      .build();
    const engine = w.engine({ sagas: [both] });
    await engine.open();
    expect(await (await engine.start(both, { n: 1 }, { id: 'r' })).result()).toMatchObject({ results: { sum: 2 } });
    expect(most).toBe(2);
  });
});

describe('a run being undone', () => {
  const trip = (calls: string[], fail: () => void) =>
    saga('trip', { version: 1, parse })
      .step('a', {
        run: () => 'A',
        undo: (c) => void calls.push(`undo a ${String(c.result)} ${c.reason.kind}`),
      })
      .read('r', { run: () => 'R' })
      .step('b', { run: () => 'B', undo: (c) => void calls.push(`undo b ${String(c.result)}`) })
      .step('c', {
        run: () => {
          calls.push('run c');
          fail();
        },
        undo: (c) => void calls.push(`undo c ${String(c.result)}`),
        retry: { maxAttempts: 2, jitter: 'none', baseMs: 10 },
      })
      .build();

  it('undoes in reverse order, the rejected step included, because a late duplicate could still be accepted', async () => {
    const w = world();
    const calls: string[] = [];
    const s = trip(calls, () => {
      throw new Rejected('no credit');
    });
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    expect(await (await engine.start(s, { n: 1 }, { id: 'r' })).result()).toEqual({
      status: 'compensated',
      reason: { kind: 'rejected', step: 'c', message: 'no credit' },
    });
    expect(calls).toEqual(['run c', 'undo c undefined', 'undo b B', 'undo a A rejected']);
  });

  it('has the decision on disk before the first undo', async () => {
    const w = world();
    const seen: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('a', {
        run: () => {
          throw new Rejected('no');
        },
        undo: async (c) => {
          seen.push((await w.store.load([c.runId]))[0]!.entries.at(-1)!.body);
        },
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    await (await engine.start(s, { n: 1 }, { id: 'r' })).result();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toContain('"undoing"');
  });

  it('undoes a step whose answer was lost: a timeout is not a failure', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('slow', {
        run: (c) =>
          new Promise<string>((_, reject) =>
            c.signal.addEventListener('abort', () => reject(c.signal.reason as Error)),
          ),
        undo: (c) => void calls.push(`undo ${String(c.result)} ${c.reason.message}`),
        timeoutMs: 50,
        retry: { maxAttempts: 2, jitter: 'none', baseMs: 10 },
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    await w.advance(50);
    await w.advance(10);
    await w.advance(50);
    expect(await run.result()).toMatchObject({ status: 'compensated', reason: { kind: 'failed', step: 'slow' } });
    expect(calls).toEqual(['undo undefined no answer within 50 ms']);
  });

  it('tells the handler of a timeout, and a handler that looks only then', async () => {
    const w = world();
    const seen: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('early', {
        run: (c) => {
          c.signal.addEventListener('abort', () => seen.push(`early ${(c.signal.reason as Error).name}`));
          return new Promise<void>(() => undefined);
        },
        undo: () => undefined,
        timeoutMs: 50,
        retry: { maxAttempts: 2, jitter: 'none', baseMs: 10 },
      })
      .build();
    const late = saga('late', { version: 1, parse })
      .step('late', {
        run: (c) =>
          new Promise<void>(() => {
            w.clock.schedule(() => seen.push(`late ${(c.signal.reason as Error).name}`), 60);
          }),
        undo: () => undefined,
        timeoutMs: 50,
      })
      .build();
    const engine = w.engine({ sagas: [s, late] });
    await engine.open();
    await engine.start(s, { n: 1 }, { id: 'r' });
    await engine.start(late, { n: 1 }, { id: 'l' });
    await settle();
    await w.advance(60, 10);
    expect(seen).toEqual(['early TimeoutError', 'late TimeoutError']);
  });

  it('undoes a step whose result is no JSON, or too large, without another attempt', async () => {
    const w = world();
    const calls: string[] = [];
    const big = saga('big', { version: 1, parse })
      .step('a', { run: () => 'x'.repeat(2000), undo: (c) => void calls.push(`undo ${c.attempt}`) })
      .build();
    const engine = w.engine({ sagas: [big], entryBytesMax: 1024 });
    await engine.open();
    const outcome = await (await engine.start(big, { n: 1 }, { id: 'r' })).result();
    expect(outcome).toMatchObject({ status: 'compensated', reason: { kind: 'failed' } });
    expect(calls).toEqual(['undo 1']);
  });

  it('undoes the branches of a stage at the same time, and passes results that arrived with the failure', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('first', { run: () => 0, undo: () => void calls.push('first') })
      .parallel((b) =>
        b.step('ok', { run: () => 'kept', undo: (c) => void calls.push(`ok ${String(c.result)}`) }).step('no', {
          run: () => {
            throw new Rejected('no');
          },
          undo: (c) => void calls.push(`no ${String(c.result)}`),
        }),
      )
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    await (await engine.start(s, { n: 1 }, { id: 'r' })).result();
    expect(calls).toEqual(['ok kept', 'no undefined', 'first']);
  });

  it('aborts running siblings and lets them settle before their effect is undone', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse })
      .parallel((b) =>
        b
          .step('slow', {
            run: (c) =>
              new Promise<void>((resolve) => {
                c.signal.addEventListener('abort', () => {
                  calls.push('aborted');
                  resolve();
                });
              }),
            undo: () => void calls.push('undo slow'),
          })
          .step('no', {
            run: () => {
              throw new Rejected('no');
            },
            undo: () => void calls.push('undo no'),
          }),
      )
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    await (await engine.start(s, { n: 1 }, { id: 'r' })).result();
    expect(calls).toEqual(['aborted', 'undo slow', 'undo no']);
  });

  it('is stuck when an undo gives up, and goes on when a person says so', async () => {
    const w = world();
    let broken = true;
    const s = saga('s', { version: 1, parse })
      .step('a', { run: () => 1, undo: () => undefined })
      .step('b', {
        run: () => {
          throw new Rejected('no');
        },
        undo: () => {
          if (broken) throw new Park('call the bank');
        },
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    expect(await run.result()).toMatchObject({ status: 'stuck', step: 'b', direction: 'undo' });
    expect((await engine.list({ status: ['stuck'], limit: 10 })).runs.map((r) => r.id)).toEqual(['r']);
    await expect(engine.resolve('r', { by: 'ann', action: 'done', result: null })).rejects.toThrow(TypeError);
    broken = false;
    expect(await engine.resolve('r', { by: 'ann', action: 'retry' })).toBe('accepted');
    expect(await engine.resolve('r', { by: 'bob', action: 'skip' })).toBe('not-stuck');
    expect(await run.result()).toMatchObject({ status: 'compensated' });
    expect(types(await engine.journal('r')).flat()).toContain('resumed');
  });
});

describe('the pivot', () => {
  it('that is retry-until-known is asked again until it answers, and is never undone', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse, deadlineMs: 100 })
      .step('hold', { run: () => 1, undo: () => void calls.push('undo hold') })
      .pivot('pay', {
        run: (c) => {
          if (c.attempt < 5) throw new Error('lost');
          return 'paid';
        },
        undo: 'retry-until-known',
        retry: { jitter: 'none', baseMs: 100, factor: 1 },
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    expect(await engine.cancel('r', 'changed my mind')).toBe('too-late');
    await w.advance(400, 100);
    expect(await run.result()).toMatchObject({ status: 'completed' });
    expect(calls).toEqual([]);
    expect(types(await engine.journal('r')).flat()).toContain('overdue');
  });

  it('with an undo handler is undone when its answer stays lost', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('hold', { run: () => 1, undo: () => void calls.push('undo hold') })
      .pivot('pay', {
        run: () => {
          throw new Error('lost');
        },
        undo: () => void calls.push('void pay'),
        retry: { maxAttempts: 1 },
      })
      .retriable('ship', { run: () => 1 })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    expect(await (await engine.start(s, { n: 1 }, { id: 'r' })).result()).toMatchObject({ status: 'compensated' });
    expect(calls).toEqual(['void pay', 'undo hold']);
  });

  it('that is rejected starts the undo, also when it is retry-until-known', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('hold', { run: () => 1, undo: () => void calls.push('undo hold') })
      .pivot('pay', {
        run: () => {
          throw new Rejected('declined');
        },
        undo: 'retry-until-known',
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    expect(await (await engine.start(s, { n: 1 }, { id: 'r' })).result()).toEqual({
      status: 'compensated',
      reason: { kind: 'rejected', step: 'pay', message: 'declined' },
    });
    expect(calls).toEqual(['undo hold']);
  });

  it('is followed by forward recovery only: an exhausted step is stuck, and done by hand goes on', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('hold', { run: () => 1, undo: () => void calls.push('undo hold') })
      .pivot('pay', { run: () => 1, undo: 'retry-until-known' })
      .retriable('ship', {
        run: (): string => {
          throw new Rejected('no such address');
        },
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    expect(await run.result()).toMatchObject({ status: 'stuck', step: 'ship', direction: 'forward' });
    expect(await engine.cancel('r', 'no')).toBe('requested');
    await settle();
    expect(await run.result()).toMatchObject({ status: 'stuck' });
    expect(types(await engine.journal('r')).flat()).toContain('refused');
    await expect(engine.resolve('r', { by: 'ann', action: 'skip' })).rejects.toThrow(TypeError);
    expect(await engine.resolve('r', { by: 'ann', action: 'done', result: 'by post' })).toBe('accepted');
    expect(await run.result()).toEqual({ status: 'completed', results: { hold: 1, pay: 1, ship: 'by post' } });
    expect(calls).toEqual([]);
  });
});
