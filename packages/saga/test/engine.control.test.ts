/** What people and other processes do to a run: signal, cancel, resolve, start twice, take over, close. */
import { describe, expect, it } from 'vitest';
import { Park, Rejected, saga } from '../src/index.ts';
import type { Append, Clock, Journal, SagaStore } from '../src/index.ts';
import { settle, world } from './harness.ts';
import { STORES } from './stores.ts';
import { manualClock } from '../src/testing/manual-clock.ts';

const parse = (input: unknown): { readonly n: number } => input as { readonly n: number };
const types = (journal: Journal | null): string[] => journal!.entries.flatMap((e) => e.records.map((r) => r.type));
const undo = (): void => undefined;
const never = (): Promise<never> => new Promise(() => undefined);

describe('start', () => {
  const one = saga('one', { version: 1, parse })
    .read('a', { run: (c) => c.input.n })
    .build();

  it('with the same id and input answers the same run, and executes it once', async () => {
    const w = world();
    let calls = 0;
    const count = saga('count', { version: 1, parse })
      .read('a', { run: () => ++calls })
      .build();
    const engine = w.engine({ sagas: [count] });
    await engine.open();
    const runs = await Promise.all([1, 2, 3].map(() => engine.start(count, { n: 1 }, { id: 'r' })));
    expect(runs.map((r) => r.created)).toEqual([true, false, false]);
    for (const run of runs) expect(await run.result()).toEqual({ status: 'completed', results: { a: 1 } });
    expect((await engine.start(count, { n: 1 }, { id: 'r' })).created).toBe(false);
    expect(calls).toBe(1);
  });

  it('takes member order for no difference, and anything else for a conflict', async () => {
    const w = world();
    const any = saga('any', { version: 1, parse: (v) => v })
      .read('a', { run: () => 1 })
      .build();
    const engine = w.engine({ sagas: [one, any] });
    await engine.start(any, { x: 1, y: 2 }, { id: 'r' });
    expect((await engine.start(any, { y: 2, x: 1 }, { id: 'r' })).created).toBe(false);
    const conflict = { code: 'SAGA_ID_CONFLICT' };
    await expect(engine.start(any, { x: 1, y: 3 }, { id: 'r' })).rejects.toMatchObject(conflict);
    await expect(engine.start(one, { n: 1 }, { id: 'r' })).rejects.toMatchObject(conflict);
    await expect(engine.handle(one, 'r').result()).rejects.toMatchObject({ code: 'SAGA_UNKNOWN_KIND' });
    await expect(engine.handle(one, 'nobody').result()).rejects.toMatchObject({ code: 'SAGA_UNKNOWN_RUN' });
  });

  it('stores nothing when the input does not parse or is too large', async () => {
    const w = world();
    const strict = saga('strict', {
      version: 1,
      parse: (v) => {
        if (typeof v !== 'string') throw new Error('not a string');
        return v;
      },
    })
      .read('a', { run: () => 1 })
      .build();
    const engine = w.engine({ sagas: [strict], entryBytesMax: 1024 });
    await expect(engine.start(strict, 5 as unknown as string, { id: 'r' })).rejects.toThrow('not a string');
    await expect(engine.start(strict, 'é'.repeat(600), { id: 'r' })).rejects.toMatchObject({
      code: 'SAGA_INPUT_TOO_LARGE',
    });
    expect(await engine.journal('r')).toBeNull();
  });

  it('works in a process that is no worker; the run is executed by one that is, and both see the end', async () => {
    const w = world();
    const client = w.engine({ sagas: [one] });
    const run = await client.start(one, { n: 7 }, { id: 'r' });
    await settle();
    expect((await client.list({ limit: 9 })).runs[0]).toMatchObject({ status: 'open', worker: null, dueInMs: 0 });
    const waiting = run.result();
    const worker = w.engine({ sagas: [one] });
    await worker.open();
    expect(await waiting).toEqual({ status: 'completed', results: { a: 7 } });
  });

  it('knows its own run again when the answer to its create was lost', async () => {
    const w = world();
    let lost = 1;
    const store: SagaStore = {
      ...w.store,
      create: async (batch) => {
        const answer = await w.store.create(batch);
        if (lost-- > 0) throw new Error('connection reset');
        return answer;
      },
    };
    const engine = world(store, w.clock).engine({ sagas: [one] });
    await engine.open();
    const starting = engine.start(one, { n: 1 }, { id: 'r' });
    await settle();
    await w.advance(1000);
    expect((await starting).created).toBe(true);
    expect(await (await starting).result()).toMatchObject({ status: 'completed' });
    expect(types(await engine.journal('r'))).toEqual(['started', 'done', 'completed']);
  });
});

describe('a wait', () => {
  const approve = (deadlineMs?: number) =>
    saga('approve', { version: 1, parse, ...(deadlineMs === undefined ? {} : { deadlineMs }) })
      .step('hold', { run: () => 'held', undo })
      .waitFor('approval', {
        timeoutMs: 60_000,
        parse: (v) => {
          if (typeof v !== 'string') throw new Error('who?');
          return v;
        },
      })
      .read('after', { run: (c) => `by ${c.results.approval}` })
      .build();

  it('is given back to the store while it lasts, and goes on with the signal', async () => {
    const w = world();
    const s = approve();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    expect((await engine.list({ limit: 1 })).runs[0]).toMatchObject({ worker: null, dueInMs: 60_000 });
    expect(await engine.signal(s, 'r', 'approval', 'ann')).toBe('accepted');
    expect(await engine.signal(s, 'r', 'approval', 'bob')).toBe('duplicate');
    expect(await run.result()).toMatchObject({ status: 'completed', results: { approval: 'ann', after: 'by ann' } });
    expect(await engine.signal(s, 'r', 'approval', 'ann')).toBe('ended');
    expect(await engine.signal(s, 'nobody', 'approval', 'ann')).toBe('unknown');
  });

  it('takes a signal that came before it was reached', async () => {
    const w = world();
    let go: (() => void) | undefined;
    const s = saga('early', { version: 1, parse })
      .step('slow', { run: () => new Promise<void>((resolve) => (go = resolve)), undo })
      .waitFor('ok', { timeoutMs: 1000, parse: String })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    expect(await engine.signal(s, 'r', 'ok', 'early')).toBe('accepted');
    await settle();
    go!();
    expect(await run.result()).toMatchObject({ status: 'completed', results: { ok: 'early' } });
  });

  it('refuses a value that does not parse before it is sent', async () => {
    const w = world();
    const s = approve();
    const engine = w.engine({ sagas: [s] });
    await engine.start(s, { n: 1 }, { id: 'r' });
    await expect(engine.signal(s, 'r', 'approval', 5 as unknown as string)).rejects.toThrow('who?');
    await expect(engine.signal(s, 'r', 'hold' as 'approval', 'x')).rejects.toThrow(/no wait named "hold"/);
    await expect(engine.signal(s, 'r', 'approval', 'x', { dedupe: 'd'.repeat(257) })).rejects.toThrow(/dedupe/);
  });

  it('that nobody answers in time is undone before the pivot', async () => {
    const w = world();
    const s = approve();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    await w.advance(62_000, 500);
    expect(await run.result()).toMatchObject({
      status: 'compensated',
      reason: { kind: 'wait-timeout', step: 'approval' },
    });
  });

  it('after the pivot is stuck when nobody answers, and a late signal is still welcome', async () => {
    const w = world();
    const s = saga('late', { version: 1, parse })
      .pivot('pay', { run: () => 1, undo: 'retry-until-known' })
      .waitFor('parcel', { timeoutMs: 1000, parse: String })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    await w.advance(1001, 100);
    expect(await run.result()).toMatchObject({ status: 'stuck', step: 'parcel', direction: 'forward' });
    expect(await engine.signal(s, 'r', 'parcel', 'found')).toBe('accepted');
    expect(await run.result()).toMatchObject({ status: 'completed', results: { parcel: 'found' } });
  });

  it('ends with the deadline of the run, wherever it stands before the pivot', async () => {
    const w = world();
    const s = approve(10_000);
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    await w.advance(10_001, 1000);
    expect(await run.result()).toMatchObject({ status: 'compensated', reason: { kind: 'deadline' } });
  });
});

describe('cancel', () => {
  it('before the pivot aborts what runs, undoes what was done, and says why', async () => {
    const w = world();
    const calls: string[] = [];
    const s = saga('s', { version: 1, parse })
      .step('a', { run: () => 1, undo: () => void calls.push('undo a') })
      .step('b', {
        run: (c) =>
          new Promise<void>((_, reject) => c.signal.addEventListener('abort', () => reject(c.signal.reason as Error))),
        undo: () => void calls.push('undo b'),
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    expect(await engine.cancel('r', 'changed my mind')).toBe('requested');
    expect(await run.result()).toEqual({
      status: 'compensated',
      reason: { kind: 'cancelled', message: 'changed my mind' },
    });
    expect(calls).toEqual(['undo b', 'undo a']);
    expect(await engine.cancel('r', 'again')).toBe('ended');
    expect(await engine.cancel('nobody', 'x')).toBe('unknown');
  });

  it('wakes a run that backs off, and one that waits', async () => {
    const w = world();
    const s = saga('s', { version: 1, parse })
      .step('a', {
        run: () => {
          throw new Error('down');
        },
        undo,
        retry: { baseMs: 3_600_000, jitter: 'none', capMs: 3_600_000 },
      })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    await engine.cancel('r', 'no patience');
    expect(await run.result()).toMatchObject({ status: 'compensated', reason: { kind: 'cancelled' } });
  });

  it('after the pivot is too late', async () => {
    const w = world();
    const s = saga('s', { version: 1, parse })
      .pivot('pay', { run: () => 1, undo: 'retry-until-known' })
      .sleep('pause', 1000)
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    expect(await engine.cancel('r', 'no')).toBe('too-late');
    await w.advance(1000, 100);
    expect(await run.result()).toMatchObject({ status: 'completed' });
  });
});

describe('a stuck run', () => {
  const stuckUndo = (calls: string[], fails: () => boolean) =>
    saga('s', { version: 1, parse })
      .step('a', { run: () => 1, undo: () => void calls.push('undo a') })
      .step('b', {
        run: () => {
          throw new Rejected('no');
        },
        undo: () => {
          calls.push('undo b');
          if (fails()) throw new Park('by hand, please');
        },
      })
      .build();

  it('lets a person skip an undo, and undoes the rest', async () => {
    const w = world();
    const calls: string[] = [];
    const s = stuckUndo(calls, () => true);
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    expect(await run.result()).toMatchObject({
      status: 'stuck',
      message: expect.stringContaining('by hand') as string,
    });
    expect(calls).toEqual(['undo b']);
    expect(await engine.resolve('r', { by: 'ann', action: 'skip' })).toBe('accepted');
    expect(await run.result()).toMatchObject({ status: 'compensated' });
    expect(calls).toEqual(['undo b', 'undo a']);
    const undone = (await engine.journal('r'))!.entries.flatMap((e) => e.records).filter((r) => r.type === 'undone');
    expect(undone.map((r) => [r.step, r.by])).toEqual([
      ['b', 'ann'],
      ['a', undefined],
    ]);
  });

  it('can be stuck again, and each answer counts for one time only', async () => {
    const w = world();
    const s = stuckUndo([], () => true);
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    for (let i = 0; i < 3; i++) {
      expect(await run.result()).toMatchObject({ status: 'stuck' });
      expect(await engine.resolve('r', { by: 'ann', action: 'retry' })).toBe('accepted');
    }
    expect(await run.result()).toMatchObject({ status: 'stuck' });
    expect(types(await engine.journal('r')).filter((t) => t === 'resumed')).toHaveLength(3);
  });

  it('takes no answer that does not fit', async () => {
    const w = world();
    const s = stuckUndo([], () => true);
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    await (await engine.start(s, { n: 1 }, { id: 'r' })).result();
    const wrong = { by: 'ann', action: 'explode' } as unknown as { by: string; action: 'retry' };
    await expect(engine.resolve('r', wrong)).rejects.toThrow(/retry, skip or done; got "explode"/);
    await expect(engine.resolve('r', { by: '', action: 'retry' })).rejects.toThrow(/by must be/);
    expect(await engine.resolve('nobody', { by: 'ann', action: 'retry' })).toBe('unknown');
  });

  it('survives its worker: another one takes the answer', async () => {
    const w = world();
    let broken = true;
    const s = stuckUndo([], () => broken);
    const first = w.engine({ sagas: [s] });
    await first.open();
    await (await first.start(s, { n: 1 }, { id: 'r' })).result();
    await first.close();
    broken = false;
    const second = w.engine({ sagas: [s] });
    await second.open();
    expect(await second.handle(s, 'r').result()).toMatchObject({ status: 'stuck' });
    await second.resolve('r', { by: 'ann', action: 'retry' });
    expect(await second.handle(s, 'r').result()).toMatchObject({ status: 'compensated' });
  });
});

describe.each(STORES)('two workers on one $name', (kind) => {
  it('never run a step of one run at the same time, and each run is executed once', async () => {
    const clock = manualClock();
    const { store } = await kind.open(clock);
    const w = world(store, clock);
    const inside = new Map<string, number>();
    const by = new Map<string, string[]>();
    const make = (worker: string) => {
      const visit = async (key: string): Promise<string> => {
        const n = (inside.get(key) ?? 0) + 1;
        inside.set(key, n);
        expect(n).toBe(1);
        by.set(key, [...(by.get(key) ?? []), worker]);
        await settle(1);
        inside.set(key, n - 1);
        return worker;
      };
      return saga('s', { version: 1, parse })
        .step('a', { run: (c) => visit(c.key), undo })
        .step('b', { run: (c) => visit(c.key), undo })
        .build();
    };
    const client = w.engine({ sagas: [make('nobody')] });
    const runs = [];
    for (let i = 0; i < 40; i++) runs.push(await client.start(make('nobody'), { n: i }, { id: `r${i}` }));
    const workers = ['x', 'y'].map((name) => w.engine({ sagas: [make(name)], worker: name, activeMax: 15 }));
    for (const worker of workers) await worker.open();
    for (let i = 0; i < 60; i++) {
      await settle(1);
      clock.advance(20);
    }
    for (const run of runs) expect(await run.result()).toMatchObject({ status: 'completed' });
    expect([...by.values()].every((workers) => workers.length === 1)).toBe(true);
    expect(new Set([...by.values()].flat())).toEqual(new Set(['x', 'y']));
  });

  it('let the second take over when the first falls silent, and the first writes nothing more', async () => {
    const clock = manualClock();
    const { store } = await kind.open(clock);
    const w = world(store, clock);
    let isSilent = false;
    let finish: (() => void) | undefined;
    // A machine that was suspended: no answer reaches it, and its clock has stood still.
    const silent: SagaStore = { ...passing(store), renew: async (...a) => (isSilent ? never() : store.renew(...a)) };
    const frozen: Clock = { ...clock, monotonic: () => (isSilent ? 0 : clock.monotonic()) };
    const calls: string[] = [];
    const make = (name: string) =>
      saga('s', { version: 1, parse })
        .step('a', {
          run: (c) => {
            calls.push(`${name} fence ${c.fence}`);
            return name === 'x' ? new Promise<string>((resolve) => (finish = () => resolve('x'))) : 'y';
          },
          undo,
        })
        .build();
    const x = w.engine({ sagas: [make('x')], store: silent, clock: frozen, worker: 'x', leaseMs: 1000 });
    await x.open();
    await x.start(make('x'), { n: 1 }, { id: 'r' });
    await settle();
    isSilent = true;
    const y = w.engine({ sagas: [make('y')], worker: 'y', leaseMs: 1000 });
    await y.open();
    await w.advance(1100, 50);
    expect(await y.handle(make('y'), 'r').result()).toEqual({ status: 'completed', results: { a: 'y' } });
    finish!();
    await settle();
    expect(calls).toEqual(['x fence 0', 'y fence 1']);
    expect(types(await y.journal('r'))).toEqual(['started', 'claimed', 'done', 'completed']);
    expect(w.events.filter((e) => e.type === 'fenced')).toHaveLength(1);
  });
});

/** A store made of methods, as an object that can be spread. */
function passing(store: SagaStore): SagaStore {
  return {
    durability: store.durability,
    batchMax: store.batchMax,
    writersMax: store.writersMax,
    create: (b) => store.create(b),
    append: (b) => store.append(b),
    claim: (o) => store.claim(o),
    renew: (w, ms) => store.renew(w, ms),
    retire: (w) => store.retire(w),
    send: (b) => store.send(b),
    load: (ids) => store.load(ids),
    list: (q) => store.list(q),
    prune: (ms, n) => store.prune(ms, n),
    watch: (f) => store.watch(f),
    close: () => store.close(),
  };
}

describe('a worker', () => {
  const slow = (calls: string[]) =>
    saga('slow', { version: 1, parse })
      .step('a', {
        run: (c) => {
          calls.push(c.key);
          return never();
        },
        undo,
      })
      .build();

  it('goes on when only the answer to its append was lost', async () => {
    const w = world();
    let lose = 2;
    const rows: Append[] = [];
    const store: SagaStore = {
      ...w.store,
      append: async (batch) => {
        rows.push(...batch);
        const answer = await w.store.append(batch);
        if (lose-- > 0) throw new Error('connection reset');
        return answer;
      },
    };
    const s = saga('s', { version: 1, parse })
      .step('a', { run: () => 1, undo })
      .step('b', { run: () => 2, undo })
      .build();
    const v = world(store, w.clock);
    const engine = v.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    await settle();
    await v.advance(3000, 500);
    expect(await run.result()).toMatchObject({ status: 'completed' });
    expect(types(await engine.journal('r'))).toEqual(['started', 'done', 'done', 'completed']);
    expect(rows.map((r) => r.seq)).toEqual([1, 1, 1, 2]);
  });

  it('that closes hands its runs on at once, and that is not counted as a crash', async () => {
    const w = world();
    const calls: string[] = [];
    const first = w.engine({ sagas: [slow(calls)] });
    await first.open();
    await first.start(slow(calls), { n: 1 }, { id: 'r' });
    await settle();
    await first.close({ graceMs: 0 });
    await expect(first.start(slow(calls), { n: 1 }, { id: 'x' })).rejects.toMatchObject({ code: 'SAGA_CLOSED' });
    const second = w.engine({ sagas: [slow(calls)] });
    await second.open();
    await settle();
    expect(calls).toEqual(['r/a', 'r/a']);
    expect((await second.journal('r'))!.entries.at(-1)!.records).toMatchObject([{ type: 'claimed', orphan: false }]);
  });

  it('that closes lets what is under way settle, and writes it', async () => {
    const w = world();
    let finish: (() => void) | undefined;
    const s = saga('s', { version: 1, parse })
      .step('a', { run: () => new Promise<number>((resolve) => (finish = () => resolve(1))), undo })
      .step('b', { run: () => 2, undo })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    const result = run.result();
    result.catch(() => undefined);
    await settle();
    const closing = engine.close();
    finish!();
    await closing;
    await expect(result).rejects.toMatchObject({ code: 'SAGA_CLOSED' });
    expect((await w.store.load(['r']))[0]!.entries.map((e) => e.body).join()).toContain('"done","step":"a"');
    const next = w.engine({ sagas: [s] });
    await next.open();
    expect(await next.handle(s, 'r').result()).toMatchObject({ results: { a: 1, b: 2 } });
  });

  it('has a run that kills every owner put aside for a person', async () => {
    const w = world();
    const calls: string[] = [];
    const dead: SagaStore[] = [];
    for (let i = 0; i < 4; i++) {
      // A worker that dies: after a while nothing it says reaches the store.
      let isDead = false;
      const store: SagaStore = {
        ...w.store,
        renew: (...a) => (isDead ? never() : w.store.renew(...a)),
        append: (b) => (isDead ? never() : w.store.append(b)),
        claim: (o) => (isDead ? never() : w.store.claim(o)),
      };
      dead.push(store);
      const engine = world(store, w.clock).engine({ sagas: [slow(calls)], leaseMs: 1000, orphanClaimsMax: 2 });
      await engine.open();
      if (i === 0) await engine.start(slow(calls), { n: 1 }, { id: 'r' });
      await settle();
      isDead = true;
      await w.advance(1100, 100);
    }
    expect(calls).toHaveLength(3);
    const client = w.engine({ sagas: [slow(calls)] });
    expect(await client.handle(slow(calls), 'r').result()).toMatchObject({
      status: 'stuck',
      step: 'a',
      message: expect.stringContaining('3 workers in a row') as string,
    });
  });

  it('stops with the store, and every call says so', async () => {
    const w = world();
    const s = slow([]);
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    const result = run.result();
    result.catch(() => undefined);
    await settle();
    await w.store.close();
    await w.advance(30_000, 1000);
    await expect(result).rejects.toMatchObject({ code: 'SAGA_CLOSED' });
    await expect(engine.list({ limit: 1 })).rejects.toMatchObject({ code: 'SAGA_CLOSED' });
    await engine.close();
  });

  it('lets a damaged journal lie, tells of it, and goes on with the others', async () => {
    const w = world();
    const s = saga('s', { version: 1, parse })
      .read('a', { run: () => 1 })
      .build();
    await w.store.create([{ id: 'bad', kind: s.kind, worker: null, body: '{' }]);
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    expect(await (await engine.start(s, { n: 1 }, { id: 'good' })).result()).toMatchObject({ status: 'completed' });
    await settle();
    expect(w.events).toContainEqual(expect.objectContaining({ type: 'stuck', runId: 'bad' }));
    await expect(engine.journal('bad')).rejects.toMatchObject({ code: 'SAGA_CORRUPT_JOURNAL' });
  });

  it('stops waiting when its caller does; the run goes on', async () => {
    const w = world();
    let finish: (() => void) | undefined;
    const s = saga('s', { version: 1, parse })
      .read('a', { run: () => new Promise<number>((resolve) => (finish = () => resolve(1))) })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    const run = await engine.start(s, { n: 1 }, { id: 'r' });
    const abort = new AbortController();
    const waiting = run.result({ signal: abort.signal });
    await settle();
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    finish!();
    expect(await run.result()).toMatchObject({ status: 'completed' });
  });

  it('is not disturbed by an observer that throws', async () => {
    const w = world();
    const s = saga('s', { version: 1, parse })
      .read('a', { run: () => 1 })
      .build();
    const observe = (): void => {
      throw new Error('observer');
    };
    const engine = w.engine({ sagas: [s], telemetry: { observe } });
    await engine.open();
    expect(await (await engine.start(s, { n: 1 }, { id: 'r' })).result()).toMatchObject({ status: 'completed' });
  });

  it('forgets ended runs when told to', async () => {
    const w = world();
    const s = saga('s', { version: 1, parse })
      .read('a', { run: () => 1 })
      .build();
    const engine = w.engine({ sagas: [s] });
    await engine.open();
    await (await engine.start(s, { n: 1 }, { id: 'r' })).result();
    await w.advance(10);
    expect(await engine.prune(w.clock.now())).toBe(1);
    expect(await engine.journal('r')).toBeNull();
  });
});
