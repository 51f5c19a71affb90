/** The store over a client that only pretends: what is sent, when, and what is made of the answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocklist, gcra, slidingLog, type Limit } from '../../src/limits.ts';
import { fromIoredis, fromNodeRedis, redisStore, type RedisScripting } from '../../src/redis/index.ts';
import { specFor, type BoundAsyncStore } from '../../src/store.ts';
import { BLOCK, LEASE, PEEK, REFUND, RESERVE, TAKE, type Op } from '../../src/transition.ts';

const one = gcra({ rate: 10, perMs: 1000 });
const two = [one, blocklist()];

interface Sent {
  readonly how: 'evalsha' | 'eval';
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** Answers each call with what `answer` makes of it. */
function fakeClient(answer: (sent: Sent) => unknown): { client: RedisScripting; sent: Sent[] } {
  const sent: Sent[] = [];
  const call = (how: Sent['how']) => (_script: string, keys: readonly string[], args: readonly string[]) => {
    const record = { how, keys, args };
    sent.push(record);
    return Promise.resolve().then(() => answer(record));
  };
  return { client: { evalsha: call('evalsha'), eval: call('eval') }, sent };
}

const bind = (
  answer: (sent: Sent) => unknown,
  limits: readonly Limit[] = two,
  options: { prefix?: string; maxBatch?: number; rejectCacheMs?: number } = {},
  clock = (): number => 0,
): { store: BoundAsyncStore; sent: Sent[] } => {
  const { client, sent } = fakeClient(answer);
  return { store: redisStore({ client, ...options }).bind(specFor('n', limits, clock)), sent };
};

/** The reply of the general script to so many takes that are all accepted. */
const accepted = ({ keys }: Sent): unknown => [1000, ...keys.flatMap(() => [1, 9, 0, 100])];
const refused = ({ keys }: Sent): unknown => [1000, ...keys.flatMap(() => [-1, 0, 70, 1000])];

describe('what is sent', () => {
  it('all of one turn in one call, in order, at most maxBatch at a time', async () => {
    const { store, sent } = bind(accepted, two, { maxBatch: 3 });
    await Promise.all(['a', 'b', 'a', 'c', 'd'].map((key) => store.apply(key, TAKE, 2, 0)));
    expect(sent.map(({ keys }) => keys.map((key) => /([^:]*)}$/.exec(key)![1]))).toEqual([
      ['a', 'b', 'a'],
      ['c', 'd'],
    ]);
  });

  it('one by one, at once, when maxBatch is 1', async () => {
    const { store, sent } = bind(accepted, two, { maxBatch: 1 });
    await Promise.all(['a', 'b'].map((key) => store.apply(key, TAKE, 1, 0)));
    expect(sent.map(({ keys }) => keys.length)).toEqual([1, 1]);
  });

  it('costs only where not all are 1, on the path for takes of one gcra', async () => {
    const { store, sent } = bind(({ keys }) => [1000, ...keys.flatMap(() => [1100, 0])], [one]);
    await Promise.all([store.apply('a', TAKE, 1, 0), store.apply('b', TAKE, 1, 0)]);
    await Promise.all([store.apply('a', TAKE, 1, 0), store.apply('b', TAKE, 3, 0)]);
    expect(sent.map(({ args }) => args.slice(one.constants.length))).toEqual([[], ['1', '3']]);
  });

  it('keys of which no two are the same, all of one caller in one slot of a cluster', async () => {
    const texts = ['a', '}', '{', '{}', 'a}:l0', '\ud800', '\udc00', '\ufffd', '\ufffdd800', '😀', 'a:b'];
    const { store, sent } = bind(
      (call) => [1000, ...call.keys.filter((_, i) => i % 2 === 0).flatMap(() => [1, 9, 0, 100])],
      [slidingLog({ limit: 30, windowMs: 5 })],
    );
    await Promise.all(texts.map((key) => store.apply(key, TAKE, 1, 0)));
    const keys = sent[0]!.keys.map((key) => Buffer.from(key).toString('hex'));
    expect(new Set(keys).size).toBe(2 * texts.length);
    for (let i = 0; i < keys.length; i += 2) {
      const tag = (key: string): string => /\{(.*?)\}/su.exec(Buffer.from(key, 'hex').toString())![1]!;
      expect(tag(keys[i]!).length).toBeGreaterThan(0);
      expect(tag(keys[i]!)).toBe(tag(keys[i + 1]!));
    }
  });

  it('other limits, another name or another prefix means other keys', async () => {
    const keys = new Set<string>();
    for (const [name, limits, prefix] of [
      ['n', two, 'rl:'],
      ['m', two, 'rl:'],
      ['n', [gcra({ rate: 11, perMs: 1000 }), blocklist()], 'rl:'],
      ['n', two, 'rm:'],
    ] as const) {
      const { client, sent } = fakeClient(accepted);
      await redisStore({ client, prefix })
        .bind(specFor(name, limits, () => 0))
        .apply('a', TAKE, 1, 0);
      keys.add(sent[0]!.keys[0]!);
    }
    expect(keys.size).toBe(4);
  });

  it('the text when the server does not know the script, and nothing again after any other error', async () => {
    const forgot = bind(({ how, ...sent }) => {
      if (how === 'evalsha') throw new Error('NOSCRIPT No matching script. Please use EVAL.');
      return accepted({ how, ...sent });
    });
    expect((await forgot.store.apply('a', TAKE, 1, 0)).ok).toBe(true);
    expect(forgot.sent.map(({ how }) => how)).toEqual(['evalsha', 'eval']);
    const broken = bind(() => {
      throw new Error('READONLY You can’t write against a read only replica.');
    });
    await expect(broken.store.apply('a', TAKE, 1, 0)).rejects.toThrow('READONLY');
    expect(broken.sent).toHaveLength(1);
  });
});

describe('what is answered', () => {
  const operations: readonly [Op, number][] = [
    [TAKE, 0],
    [PEEK, 0],
    [RESERVE, 50],
    [LEASE, 20],
    [REFUND, 900],
    [BLOCK, 10],
  ];

  it('anything that is not a reply of ours is an error for everybody in the call, never a decision', async () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.array(fc.oneof(fc.integer({ min: -3, max: 2000 }), fc.anything()), { maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(anything, fc.constantFrom(...operations), fc.boolean(), async (reply, [op, arg], isHot) => {
        const { store } = bind(() => reply, isHot ? [one] : two);
        const settled = await Promise.allSettled([store.apply('a', op, 2, arg), store.apply('b', op, 2, arg)]);
        for (const outcome of settled) {
          if (outcome.status === 'rejected') {
            expect(outcome.reason).toMatchObject({ code: 'STORE_PROTOCOL' });
          } else {
            // What is let through is well formed by every rule that the numbers have.
            const { ok, index, remaining, retryAfterMs, startMs, charged, nowMs } = outcome.value;
            expect([0, 1]).toContain(index);
            expect(remaining).toBeGreaterThanOrEqual(0);
            expect(ok ? 1 : retryAfterMs).toBeGreaterThan(0);
            expect(startMs - nowMs).toBeGreaterThanOrEqual(0);
            expect(charged).toBeLessThanOrEqual(20);
          }
        }
        expect(new Set(settled.map(({ status }) => status)).size).toBe(1);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['no list', 'OK'],
    ['nothing', null],
    ['too few', [1000, 1, 9, 0]],
    ['too many', [1000, 1, 9, 0, 100, 0]],
    ['a limit that is not there', [1000, 3, 9, 0, 100]],
    ['limit 0', [1000, 0, 9, 0, 100]],
    ['more than the quota', [1000, 1, 11, 0, 100]],
    ['a refusal without a wait', [1000, -1, 0, 0, 100]],
    ['a negative wait', [1000, 1, 9, -2, 100]],
    ['never full again', [1000, 1, 9, 0, -1]],
    ['a fraction', [1000, 1, 9, 0.5, 100]],
    ['no number', [1000, 1, 9, 'soon', 100]],
    ['a time before 1970', [-5, 1, 9, 0, 100]],
    ['too large', [1000, 1, 9, 0, 2 ** 53]],
  ])('%s is refused', async (_what, reply) => {
    await expect(bind(() => reply).store.apply('a', TAKE, 1, 0)).rejects.toMatchObject({ code: 'STORE_PROTOCOL' });
  });

  it.each([
    ['a wait beyond what was offered', RESERVE, [1000, 1, 9, 0, 100, 51]],
    ['a negative wait', RESERVE, [1000, 1, 9, 0, 100, -1]],
    ['a grant below the cost', LEASE, [1000, 1, 9, 0, 100, 1]],
    ['a grant above what was asked', LEASE, [1000, 1, 9, 0, 100, 51]],
  ] as const)('%s is refused', async (_what, op, reply) => {
    await expect(bind(() => reply).store.apply('a', op, 2, 50)).rejects.toMatchObject({ code: 'STORE_PROTOCOL' });
  });

  it.each([
    ['before now', [1000, 999, 0]],
    ['a part that is a whole', [1000, 1100, 1]],
    ['a refusal of what fits', [1000, -1 - 1000, 0]],
  ])('a state that is %s is refused', async (_what, reply) => {
    await expect(bind(() => reply, [one]).store.apply('a', TAKE, 1, 0)).rejects.toMatchObject({
      code: 'STORE_PROTOCOL',
    });
  });

  it('integers may come as text or BigInt', async () => {
    const { store } = bind(() => ['1000', 1n, '9', 0, '100']);
    expect(await store.apply('a', TAKE, 1, 0)).toMatchObject({ ok: true, index: 0, remaining: 9, nowMs: 1000 });
  });
});

describe('rejectCacheMs', () => {
  it('repeats a refusal for the same or a larger cost, with what is left of its wait, while it holds', async () => {
    let nowMs = 0;
    const { store, sent } = bind(refused, two, { rejectCacheMs: 50 }, () => nowMs);
    expect(store.recall?.('a', 2)).toBeUndefined();
    await store.apply('a', TAKE, 2, 0);
    nowMs = 20.5;
    expect(store.recall?.('a', 2)).toMatchObject({ ok: false, retryAfterMs: 50, resetAfterMs: 980, startMs: 1020 });
    expect(store.recall?.('a', 3)).toMatchObject({ ok: false });
    expect(store.recall?.('a', 1)).toBeUndefined();
    expect(store.recall?.('b', 2)).toBeUndefined();
    nowMs = 50;
    expect(store.recall?.('a', 2)).toBeUndefined();
    expect(sent).toHaveLength(1);
  });

  it('never longer than the refusal itself', async () => {
    let nowMs = 0;
    const { store } = bind(refused, two, { rejectCacheMs: 60_000 }, () => nowMs);
    await store.apply('a', TAKE, 1, 0);
    nowMs = 69;
    expect(store.recall?.('a', 1)).toMatchObject({ retryAfterMs: 1 });
    nowMs = 70;
    expect(store.recall?.('a', 1)).toBeUndefined();
  });

  it.each([
    ['reset', (store: BoundAsyncStore) => store.reset('a')],
    ['refund', (store: BoundAsyncStore) => store.apply('a', REFUND, 1, 900)],
    ['block or its end', (store: BoundAsyncStore) => store.apply('a', BLOCK, 1, 0)],
  ])('is forgotten by a %s from here', async (_what, act) => {
    const { store } = bind((call) => (call.args.some((arg) => arg.includes(':')) ? [1000] : refused(call)), two, {
      rejectCacheMs: 50,
    });
    await store.apply('a', TAKE, 1, 0);
    expect(store.recall?.('a', 1)).toBeDefined();
    await act(store).catch(() => undefined);
    expect(store.recall?.('a', 1)).toBeUndefined();
  });

  it('is forgotten when the clock steps back, holds only so many keys, and is off by default', async () => {
    let nowMs = 100;
    const { store } = bind(refused, two, { rejectCacheMs: 50 }, () => nowMs);
    await Promise.all(Array.from({ length: 10_001 }, (_, i) => store.apply(`k${i}`, TAKE, 1, 0)));
    expect(store.recall?.('k0', 1)).toBeUndefined();
    expect(store.recall?.('k1', 1)).toBeDefined();
    nowMs = 99;
    expect(store.recall?.('k1', 1)).toBeUndefined();
    expect(Reflect.get(bind(refused).store, 'recall')).toBeUndefined();
  });
});

describe('configuration', () => {
  const { client } = fakeClient(accepted);
  it.each([
    [{ prefix: 'a{b}' }, /prefix must be at most 128 characters without braces; got "a\{b\}"/],
    [{ prefix: 'x'.repeat(129) }, /prefix/],
    [{ prefix: 5 as unknown as string }, /prefix must be text; got number/],
    [{ maxBatch: 0 }, /maxBatch must be an integer in 1..1000; got 0/],
    [{ maxBatch: 1001 }, /maxBatch/],
    [{ rejectCacheMs: -1 }, /rejectCacheMs must be an integer in 0..60000; got -1/],
  ])('%o is refused', (options, message) => {
    expect(() => redisStore({ client, ...options })).toThrow(message);
  });

  it('what is no client is refused, by name', () => {
    expect(() => redisStore({ client: {} as RedisScripting })).toThrow(/client needs .* evalsha, eval; missing/);
    expect(() => fromIoredis(undefined as never)).toThrow(/fromIoredis needs a client with the methods call/);
    expect(() => fromNodeRedis({ eval: () => undefined } as never)).toThrow(/fromNodeRedis .* missing: evalSha/);
  });
});
