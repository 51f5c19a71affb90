/** Wrong definitions and wrong options: refused at once, by name. */
import { describe, expect, it } from 'vitest';
import { createEngine, saga } from '../src/index.ts';
import type { Saga } from '../src/index.ts';
import { memoryStore } from '../src/stores/memory.ts';
import { logStore } from '../src/stores/log.ts';
import { loose } from './random-saga.ts';

const run = (): number => 1;
const undo = (): void => undefined;
const step = { run, undo };

describe('a definition', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a name with a space', () => loose('my order'), /saga name.*"my order"/],
    ['a name that is no string', () => loose(7 as unknown as string), /saga name must be a string; got number 7/],
    ['no parse', () => loose('s', { version: 1 }), /parse must be a function; got undefined/],
    ['version 0', () => loose('s', { version: 0, parse: run }), /version.*1\.\..*got 0/],
    ['a version in words', () => loose('s', { version: '1', parse: run }), /version.*string "1"/],
    ['a deadline of 0', () => loose('s', { version: 1, parse: run, deadlineMs: 0 }), /deadlineMs.*got 0/],
    ['no step at all', () => loose('s').build(), /saga s has no step/],
    ['a step without run', () => loose('s').step('a', { undo }), /a\.run must be a function/],
    ['a step without undo', () => loose('s').step('a', { run }), /a\.undo must be a function/],
    ['a conditional step without condition', () => loose('s').stepIf('a', step), /a\.when must be a function/],
    ['a step name with a slash', () => loose('s').step('a/b', step), /step name.*"a\/b"/],
    ['two steps of one name', () => loose('s').step('a', step).read('a', step), /saga s has two steps named a/],
    [
      'two branches of one name',
      () => loose('s').parallel((b) => b.step('a', step).step('a', step)),
      /two steps named a/,
    ],
    ['a stage without branches', () => loose('s').parallel((b) => b), /branches.*1\.\.32; got 0/],
    [
      'too many branches',
      () =>
        loose('s').parallel((b) => Array.from({ length: 33 }).reduce<typeof b>((p, _, i) => p.step(`a${i}`, step), b)),
      /branches.*1\.\.32; got 33/,
    ],
    [
      'too many steps',
      () =>
        Array.from({ length: 257 }).reduce<ReturnType<typeof loose>>((b, _, i) => b.step(`a${i}`, step), loose('s')),
      /number of steps of saga s.*1\.\.256; got 257/,
    ],
    ['a retriable before the pivot', () => loose('s').retriable('a', step), /a \(retriable\): retriable only after/],
    ['a step after the pivot', () => loose('s').pivot('p', step).step('a', step), /a \(compensable\): after the pivot/],
    ['a second pivot', () => loose('s').pivot('p', step).pivot('q', step), /q \(pivot\): after the pivot only/],
    ['a wait without parse', () => loose('s').waitFor('w', { timeoutMs: 1 }), /w\.parse must be a function/],
    [
      'a wait of eleven years',
      () => loose('s').waitFor('w', { timeoutMs: 11 * 366 * 86_400_000, parse: run }),
      /w\.timeoutMs/,
    ],
    ['a sleep in words', () => loose('s').sleep('z', '5'), /z\.ms.*string "5"/],
    ['a timeout of 0', () => loose('s').step('a', { ...step, timeoutMs: 0 }), /a\.timeoutMs.*got 0/],
    [
      'no attempt at all',
      () => loose('s').step('a', { ...step, retry: { maxAttempts: 0 } }),
      /a\.retry\.maxAttempts.*got 0/,
    ],
    [
      'a cap below the base',
      () => loose('s').step('a', { ...step, retry: { baseMs: 10, capMs: 5 } }),
      /a\.retry\.capMs.*got 5/,
    ],
    ['an unknown jitter', () => loose('s').step('a', { ...step, retry: { jitter: 'some' } }), /jitter.*some/],
    [
      'undo options out of range',
      () => loose('s').step('a', { ...step, undoOptions: { timeoutMs: -1 } }),
      /a\.undoOptions\.timeoutMs.*got -1/,
    ],
  ])('with %s is refused', (_, define, message) => {
    expect(define).toThrow(message);
  });

  it('gets a kind that changes with its graph, and not with its handlers, timeouts and retries', () => {
    const kind = (b: ReturnType<typeof loose>): string => b.build().kind;
    const base = kind(loose('s').step('a', step).step('b', step));
    expect(
      kind(
        loose('s')
          .step('a', { run: () => 2, undo, timeoutMs: 5 })
          .step('b', step),
      ),
    ).toBe(base);
    const others = [
      kind(loose('s').step('b', step).step('a', step)),
      kind(loose('s').step('a', step).read('b', step)),
      kind(
        loose('s')
          .step('a', step)
          .stepIf('b', { ...step, when: () => true }),
      ),
      kind(loose('s').parallel((b) => b.step('a', step).step('b', step))),
      kind(loose('s').step('a', step).pivot('b', step)),
      kind(loose('s').step('a', step).pivot('b', { run, undo: 'retry-until-known' })),
    ];
    expect(new Set([base, ...others]).size).toBe(7);
  });

  it('can be continued in two ways from one beginning', () => {
    const begin = saga('s', { version: 1, parse: String }).step('a', { run: () => 1, undo });
    const one = begin.step('b', { run: () => 2, undo }).build();
    const two = begin
      .step('b', { run: () => 2, undo })
      .step('c', { run: () => 3, undo })
      .build();
    expect(one.stages).toHaveLength(2);
    expect(two.stages).toHaveLength(3);
  });
});

describe('an engine', () => {
  const some = saga('s', { version: 1, parse: String }).read('a', { run }).build();
  const create = (options: Record<string, unknown>) => () =>
    createEngine({ store: memoryStore(), sagas: [some], ...options });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no store', { store: undefined }, /store/],
    ['sagas that are no array', { sagas: some }, /sagas must be an array/],
    ['a saga that was not built', { sagas: [{ name: 's' } as unknown as Saga] }, /saga\(\.\.\.\)\.build\(\)/],
    ['one saga twice', { sagas: [some, some] }, /s@1#[0-9a-f]{8} is given twice/],
    ['a short lease', { leaseMs: 999 }, /leaseMs must be an integer in 1000\.\.600000; got 999/],
    ['activeMax 0', { activeMax: 0 }, /activeMax.*got 0/],
    ['holdMs -1', { holdMs: -1 }, /holdMs.*got -1/],
    ['pollMs in words', { pollMs: '10' }, /pollMs.*string "10"/],
    ['a tiny entryBytesMax', { entryBytesMax: 10 }, /entryBytesMax.*1024\.\.1048576; got 10/],
    ['orphanClaimsMax 1.5', { orphanClaimsMax: 1.5 }, /orphanClaimsMax.*got 1.5/],
    ['a worker name with a dot', { worker: 'a.b' }, /worker.*"a\.b"/],
    ['random that is a number', { random: 4 }, /random must be a function; got 4/],
  ])('with %s is refused', (_, options, message) => {
    expect(create(options)).toThrow(message);
  });

  it('refuses ids that could not be a part of a key', async () => {
    const engine = createEngine({ store: memoryStore(), sagas: [some] });
    for (const id of ['', 'a/b', ' a', 'a\u0000', 'x'.repeat(201)]) {
      await expect(engine.start(some, 'x', { id })).rejects.toThrow(RangeError);
    }
    await expect(engine.start(some, 'x', { id: 5 as unknown as string })).rejects.toThrow(TypeError);
  });

  it('refuses a saga it was not given', async () => {
    const other = saga('t', { version: 1, parse: String }).read('a', { run }).build();
    const engine = createEngine({ store: memoryStore(), sagas: [some] });
    await expect(engine.start(other, 'x', { id: 'r' })).rejects.toMatchObject({ code: 'SAGA_UNKNOWN_KIND' });
  });
});

describe('the log store', () => {
  const log = (durable: boolean, values: readonly string[] = []) => ({
    append: async () => ({ durable }),
    read: async function* () {
      if (values.length > 0) yield values.map((v, offset) => ({ offset, value: new TextEncoder().encode(v) }));
    },
  });

  it('refuses a log that answers before it has synced, unless that is accepted', async () => {
    await expect(logStore({ log: log(false) })).rejects.toMatchObject({ code: 'SAGA_DURABILITY' });
    expect((await logStore({ log: log(false), accept: 'relaxed' })).durability).toBe('relaxed');
    expect((await logStore({ log: log(true) })).durability).toBe('synced');
    await expect(logStore({ log: log(true), accept: 'all' as 'relaxed' })).rejects.toThrow(/accept.*"all"/);
  });

  it.each([
    ['somebody else’s log', ['hello']],
    ['an unknown fact', ['{"op":"explode"}']],
    ['an entry of no run', ['{"op":"entry","id":"r","entry":{"seq":1,"fence":0,"atMs":0,"body":"[]"}}']],
    ['a part without its beginning', ['P1/2 x']],
  ])('refuses %s', async (_, values) => {
    await expect(logStore({ log: log(true, values) })).rejects.toMatchObject({ code: 'SAGA_CORRUPT_JOURNAL' });
  });

  it('leaves out a fact whose last part was never written', async () => {
    const create = '{"op":"create","id":"r","kind":"k","worker":null,"dueAtMs":0,"body":"[]","atMs":0}';
    const store = await logStore({ log: log(true, ['P0/2 {"op":"cre', create, 'P0/3 {"op"', 'P1/3 x']) });
    expect((await store.list({ limit: 9 })).runs.map((r) => r.id)).toEqual(['r']);
  });

  it('stops for good when an append fails, and says so in every call', async () => {
    let broken = false;
    const store = await logStore({
      log: {
        ...log(true),
        append: async () => {
          if (broken) throw new Error('disk on fire');
          return { durable: true };
        },
      },
    });
    broken = true;
    const failed = { code: 'SAGA_STORE_FAILED' };
    const create = () => store.create([{ id: 'r', kind: 'k', worker: null, body: '[]' }]);
    await expect(create()).rejects.toMatchObject(failed);
    broken = false;
    await expect(create()).rejects.toMatchObject(failed);
    await expect(store.load(['r'])).rejects.toMatchObject(failed);
  });
});
