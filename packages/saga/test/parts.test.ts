/** The small parts, each by its own law. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, fnv1a } from '../src/canonical.ts';
import { toJson } from '../src/json.ts';
import { timeline } from '../src/picture/index.ts';
import type { JournalRecord } from '../src/records.ts';
import { backoffMs, callOptions } from '../src/retry.ts';
import { DueQueue } from '../src/stores/due-queue.ts';
import { FactReader, encodeFact } from '../src/stores/log-codec.ts';
import { manualClock } from '../src/testing/index.ts';
import { systemClock } from '../src/system.ts';

describe('canonical JSON', () => {
  it('depends on the value alone, not on the order of members, and reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonical(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        const reversed = JSON.parse(JSON.stringify(value), (_, v: unknown) =>
          typeof v === 'object' && v !== null && !Array.isArray(v)
            ? Object.fromEntries(Object.entries(v).reverse())
            : v,
        ) as never;
        expect(canonical(reversed)).toBe(text);
      }),
    );
  });

  it('hashes as FNV-1a does', () => {
    // The published vectors of the 32-bit variant.
    expect([fnv1a(''), fnv1a('a'), fnv1a('foobar')]).toEqual(['811c9dc5', 'e40c292c', 'bf9cf968']);
  });
});

describe('a value on its way into the journal', () => {
  it('becomes what JSON gives back', () => {
    expect(toJson({ a: undefined, b: [undefined], c: new Date(0) }, 100)).toMatchObject({
      value: { b: [null], c: '1970-01-01T00:00:00.000Z' },
    });
    expect(toJson(undefined, 100)).toEqual({ ok: true, text: undefined, value: undefined });
  });

  it('is refused when JSON cannot say it, or it is too long in bytes', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const value of [cycle, 1n, () => 1, Symbol('s')]) expect(toJson(value, 100).ok).toBe(false);
    expect(toJson('é'.repeat(10), 22).ok).toBe(true);
    expect(toJson('é'.repeat(10), 21)).toEqual({ ok: false, why: 'larger than 21 bytes of JSON' });
  });
});

describe('backoff', () => {
  it('draws from [0, min(cap, base * factor^(n-1))), or takes that bound', () => {
    const { retry } = callOptions('s', { retry: { baseMs: 100, capMs: 500, factor: 2 } }, false);
    const none = { ...retry, jitter: 'none' } as const;
    expect([1, 2, 3, 4, 50].map((n) => backoffMs(none, n, 0.5))).toEqual([100, 200, 400, 500, 500]);
    expect([1, 2, 3, 4, 50].map((n) => backoffMs(retry, n, 0.5))).toEqual([50, 100, 200, 250, 250]);
  });

  it('is patient with what must succeed in the end', () => {
    expect(callOptions('s', {}, false).retry).toMatchObject({ maxAttempts: 3, baseMs: 100, capMs: 30_000 });
    expect(callOptions('s', {}, true).retry).toMatchObject({ maxAttempts: 20, baseMs: 100, capMs: 60_000 });
  });
});

describe('the due queue', () => {
  it('gives what a sorted list would, whatever is pushed again or taken back', () => {
    const commands = fc.array(fc.tuple(fc.nat(9), fc.option(fc.nat(50))), { maxLength: 300 });
    fc.assert(
      fc.property(commands, (list) => {
        const truth = new Map<string, number>();
        const queue = new DueQueue((id, atMs) => truth.get(id) === atMs);
        for (const [n, atMs] of list) {
          const id = `r${n}`;
          if (atMs === null) truth.delete(id);
          else if (truth.get(id) !== atMs) {
            truth.set(id, atMs);
            queue.push(id, atMs);
          }
          expect(queue.peekMs()).toBe(truth.size === 0 ? null : Math.min(...truth.values()));
          expect(queue.size).toBeLessThanOrEqual(Math.max(64, 2 * 10));
        }
        for (let left = truth.size; left > 0; left--) {
          const first = Math.min(...truth.values());
          expect(queue.pop(first - 1)).toBeNull();
          const id = queue.pop(first)!;
          expect(truth.get(id)).toBe(first);
          truth.delete(id);
        }
        expect(queue.pop(Infinity)).toBeNull();
      }),
    );
  });
});

describe('facts in a log', () => {
  it('come back as they were, in one piece or in many', () => {
    const reader = new FactReader();
    for (const body of ['[]', JSON.stringify(['😀'.repeat(400_000)]), JSON.stringify(['x'.repeat(262_144)])]) {
      const fact = { op: 'create', id: 'r', kind: 'k', worker: null, dueAtMs: 0, body, atMs: 1 } as const;
      const values = encodeFact(fact).map((v) => new TextEncoder().encode(v));
      const read = values.map((v, i) => reader.read(i, v));
      expect(read.slice(0, -1).every((f) => f === null)).toBe(true);
      expect(read.at(-1)).toEqual(fact);
    }
  });
});

describe('the manual clock', () => {
  it('fires what comes due in its order, also what is set on the way, and nothing that was cancelled', () => {
    const clock = manualClock(1000);
    const fired: string[] = [];
    const at = (name: string) => () => void fired.push(`${name} ${clock.now()}`);
    clock.schedule(at('b'), 20);
    clock.schedule(() => {
      at('a')();
      clock.schedule(at('c'), 15);
    }, 10);
    clock.schedule(at('never'), 12)();
    clock.schedule(at('later'), 31);
    clock.advance(30);
    expect(fired).toEqual(['a 1010', 'b 1020', 'c 1025']);
    expect([clock.now(), clock.monotonic()]).toEqual([1030, 30]);
  });
});

describe('the system clock', () => {
  it('fires a timer, not one that was cancelled, and none at once that is weeks away', async () => {
    const fired: string[] = [];
    systemClock.schedule(() => fired.push('cancelled'), 1)();
    const cancelFar = systemClock.schedule(() => fired.push('far'), 2 ** 31 + 5);
    await new Promise<void>((resolve) => systemClock.schedule(resolve, 20));
    cancelFar();
    expect(fired).toEqual([]);
  });
});

describe('the timeline', () => {
  const error = { name: 'E', message: 'e' };
  const entries = (...batches: [atMs: number, fence: number, ...JournalRecord[]][]) =>
    batches.map(([atMs, fence, ...records], seq) => ({ seq, fence, atMs, records }));

  it('draws attempts as long as they took, waits, undos and owners', () => {
    const bars = timeline({
      id: 'r',
      kind: 'k@1#0',
      status: 'compensated',
      entries: entries(
        [0, 0, { type: 'started', v: 1, input: null, by: 'x/0' }],
        [10, 0, { type: 'failed', step: 'a', undo: false, attempt: 1, error, retryInMs: 5, tookMs: 10 }],
        [30, 0, { type: 'done', step: 'a', attempt: 2, tookMs: 12 }, { type: 'waiting', name: 'w', ms: 100 }],
        [50, 3, { type: 'claimed', by: 'y', orphan: true }],
        [130, 3, { type: 'elapsed', name: 'w' }, { type: 'undoing', reason: { kind: 'wait-timeout', message: '' } }],
        [140, 3, { type: 'undone', step: 'a', attempt: 1, tookMs: 6 }, { type: 'compensated' }],
      ),
    });
    expect(bars.map((b) => [b.lane, b.step, b.fromMs, b.toMs, b.outcome, b.attempt, b.fence])).toEqual([
      ['owner', 'x', 0, 50, 'done', 0, 0],
      ['forward', 'a', 0, 10, 'failed', 1, 0],
      ['forward', 'a', 18, 30, 'done', 2, 0],
      ['wait', 'w', 30, 130, 'failed', 0, 0],
      ['owner', 'y', 50, 140, 'done', 0, 3],
      ['undo', 'a', 134, 140, 'undone', 1, 3],
    ]);
  });

  it('leaves open what goes on, and closes with the end what nobody answered', () => {
    const started: JournalRecord = { type: 'started', v: 1, input: null, by: 'x/0' };
    const waiting: JournalRecord = { type: 'waiting', name: 'w', ms: 100 };
    const open = timeline({ id: 'r', kind: 'k', status: 'open', entries: entries([0, 0, started], [1, 0, waiting]) });
    expect(open.map((b) => [b.step, b.toMs, b.outcome])).toEqual([
      ['x', null, 'open'],
      ['w', null, 'open'],
    ]);
    const undoing: JournalRecord = { type: 'undoing', reason: { kind: 'cancelled', message: '' } };
    const over = timeline({
      id: 'r',
      kind: 'k',
      status: 'compensated',
      entries: entries([0, 0, started], [1, 0, waiting], [9, 0, undoing, { type: 'compensated' }]),
    });
    expect(over.map((b) => [b.step, b.toMs, b.outcome])).toEqual([
      ['x', 9, 'done'],
      ['w', 9, 'failed'],
    ]);
  });
});
