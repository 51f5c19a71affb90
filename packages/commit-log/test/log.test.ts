import { describe, expect, test } from 'vitest';

import { Log, memoryStorage } from '../src/index.ts';
import type { Clock, LogEvent, LogOptions, Storage, StorageFile } from '../src/index.ts';
import { deferred, readAll, text, turn, values } from './support.ts';

const open = (options: Partial<LogOptions> = {}): Promise<Log> => Log.open({ storage: memoryStorage(), ...options });

/** A memory storage whose data syncs wait for `gate`, and are counted. */
function gatedStorage(gate: () => Promise<void>): { storage: Storage; syncs: () => number } {
  let syncs = 0;
  const wrap = (storage: Storage): Storage => ({
    ...bind(storage),
    scope: (dir) => wrap(storage.scope(dir)),
    open: async (name, mode) => {
      const file = await storage.open(name, mode);
      if (!name.endsWith('.log')) return file;
      const gated: StorageFile = {
        ...bindFile(file),
        datasync: async () => {
          syncs++;
          await gate();
        },
      };
      return gated;
    },
  });
  return { storage: wrap(memoryStorage()), syncs: () => syncs };
}

const bind = (s: Storage): Storage => ({
  open: (name, mode) => s.open(name, mode),
  list: (dir) => s.list(dir),
  makeDir: (dir) => s.makeDir(dir),
  rename: (from, to) => s.rename(from, to),
  remove: (name) => s.remove(name),
  syncDir: (dir) => s.syncDir(dir),
  lock: (dir) => s.lock(dir),
  scope: (dir) => s.scope(dir),
});
const bindFile = (f: StorageFile): StorageFile => ({
  read: (into, at) => f.read(into, at),
  write: (bytes, at) => f.write(bytes, at),
  datasync: () => f.datasync(),
  sync: () => f.sync(),
  truncate: (size) => f.truncate(size),
  size: () => f.size(),
  close: () => f.close(),
});

describe('append', () => {
  test('gives contiguous offsets in call order, and says which', async () => {
    const log = await open();
    const [first, second] = await Promise.all([
      log.append([{ value: 'a' }, { value: 'b' }], {}),
      log.append([{ value: 'c' }]),
    ]);
    expect(first).toMatchObject({ baseOffset: 0, lastOffset: 1, durable: true });
    expect(second).toMatchObject({ baseOffset: 2, lastOffset: 2 });
    expect(await values(log)).toEqual(['a', 'b', 'c']);
    await log.close();
  });

  test('appends that wait together share one write and one sync', async () => {
    const log = await open();
    await Promise.all(Array.from({ length: 64 }, (_, i) => log.append([{ value: `v${i}` }])));
    expect(log.stats()).toMatchObject({ appends: 64, records: 64, writes: 1, syncs: 1 });
    await log.close();
  });

  test('64 appenders in a loop get 64 acknowledgements per sync', async () => {
    const log = await open();
    const loop = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await log.append([{ value: 'x' }]);
    };
    await Promise.all(Array.from({ length: 64 }, loop));
    expect(log.stats().syncs).toBe(20);
    await log.close();
  });

  test('a lone durable append is one write and one sync', async () => {
    const log = await open();
    await log.append([{ value: 'x' }]);
    expect(log.stats()).toMatchObject({ writes: 1, syncs: 1 });
    await log.close();
  });

  test('mode each syncs once per append, mode none never', async () => {
    const each = await open({ durability: 'each' });
    await Promise.all([each.append([{ value: '1' }]), each.append([{ value: '2' }])]);
    expect(each.stats()).toMatchObject({ writes: 2, syncs: 2 });
    await each.close();
    const none = await open({ durability: 'none' });
    expect((await none.append([{ value: '1' }])).durable).toBe(false);
    expect(none.stats().syncs).toBe(0);
    await none.close();
  });

  test('an append that waits for durability in mode none gets its sync', async () => {
    const log = await open({ durability: 'none' });
    const [written, durable] = await Promise.all([
      log.append([{ value: '1' }]),
      log.append([{ value: '2' }], { waitFor: 'durable' }),
    ]);
    expect([written.durable, durable.durable]).toEqual([false, true]);
    expect(log.stats()).toMatchObject({ syncs: 1, durableOffset: 2 });
    await log.close();
  });

  test('nothing is visible or acknowledged before its sync, except to who waits for the write alone', async () => {
    const gate = deferred();
    const { storage } = gatedStorage(() => gate.promise);
    const log = await open({ storage });
    let acknowledged = false;
    const durable = log.append([{ value: 'a' }]).then(() => (acknowledged = true));
    const written = await log.append([{ value: 'b' }], { waitFor: 'written' });
    await turn();
    expect(written).toMatchObject({ baseOffset: 1, durable: false });
    expect(acknowledged).toBe(false);
    expect(await log.offsets()).toEqual({ start: 0, end: 0 });
    expect(await values(log)).toEqual([]);
    gate.resolve();
    await durable;
    expect(await values(log)).toEqual(['a', 'b']);
    await log.close();
  });

  test('waits for room; tryAppend takes nothing instead', async () => {
    const gate = deferred();
    const { storage } = gatedStorage(() => gate.promise);
    const log = await open({ storage, maxInFlightBytes: 1024, maxBatchBytes: 1024 });
    const first = log.append([{ value: 'x'.repeat(900) }]);
    const second = log.append([{ value: 'y'.repeat(900) }]);
    const third = log.append([{ value: 'z' }]);
    expect(log.tryAppend([{ value: 'no' }])).toBeUndefined();
    expect(log.stats().inFlightBytes).toBeLessThan(2048);
    gate.resolve();
    expect((await Promise.all([first, second, third])).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2]);
    expect((await log.tryAppend([{ value: 'yes' }]))?.baseOffset).toBe(3);
    await log.close();
  });

  test('an append aborted while it waits stores nothing; one that was taken completes', async () => {
    const gate = deferred();
    const { storage } = gatedStorage(() => gate.promise);
    const log = await open({ storage, maxInFlightBytes: 1024, maxBatchBytes: 1024 });
    const taken = new AbortController();
    const waiting = new AbortController();
    const first = log.append([{ value: 'x'.repeat(900) }], { signal: taken.signal });
    const second = log.append([{ value: 'y'.repeat(900) }]);
    const third = log.append([{ value: 'z' }], { signal: waiting.signal });
    waiting.abort();
    taken.abort();
    await expect(third).rejects.toMatchObject({ name: 'AbortError' });
    gate.resolve();
    await Promise.all([first, second]);
    expect(await log.offsets()).toEqual({ start: 0, end: 2 });
    await expect(log.append([{ value: 'w' }], { signal: waiting.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await log.close();
  });

  test('rejects what is no append, and the log goes on', async () => {
    const log = await open({ maxBatchBytes: 2048 });
    await expect(log.append([])).rejects.toBeInstanceOf(TypeError);
    await expect(log.append([{ value: 'x'.repeat(3000) }])).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    await expect(log.append([{ value: 'x' }], { waitFor: 'soon' as 'written' })).rejects.toBeInstanceOf(TypeError);
    await log.append([{ value: 'good' }]);
    expect(await values(log)).toEqual(['good']);
    await log.close();
  });

  test('an awaited append loop lets timers run', async () => {
    const log = await open({ durability: 'none' });
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    for (let i = 0; i < 20_000; i++) await log.append([{ value: 'x' }]);
    clearInterval(timer);
    expect(fired).toBeGreaterThan(0);
    await log.close();
  });
});

describe('mode interval', () => {
  test('syncs after syncIntervalMs of the clock, and at once after syncBytes', async () => {
    const scheduled: { fn: () => void; ms: number; cancelled: boolean }[] = [];
    const clock = {
      now: () => 0,
      schedule: (fn: () => void, ms: number) => {
        const timer = { fn, ms, cancelled: false };
        scheduled.push(timer);
        return () => (timer.cancelled = true);
      },
    };
    const log = await open({ durability: 'interval', syncIntervalMs: 250, syncBytes: 1000, clock });
    await log.append([{ value: 'a' }]);
    await log.append([{ value: 'b' }]);
    expect(scheduled.map(({ ms }) => ms)).toEqual([250]);
    expect(log.stats()).toMatchObject({ syncs: 0, durableOffset: 0, end: 2 });
    scheduled[0]!.fn();
    await turn();
    expect(log.stats()).toMatchObject({ syncs: 1, durableOffset: 2 });
    // Less than syncBytes is ever acknowledged and not synced.
    const full = await log.append([{ value: 'x'.repeat(1000) }]);
    expect(full.durable).toBe(true);
    expect(log.stats()).toMatchObject({ syncs: 2, durableOffset: 3 });
    expect(scheduled.every(({ cancelled }, i) => i === 0 || cancelled)).toBe(true);
    await log.close();
  });
});

describe('read', () => {
  test('reads any half-open range, batch boundaries or not', async () => {
    const log = await open({ segmentBytes: 4096, maxBatchBytes: 1024, indexIntervalBytes: 512 });
    const all: string[] = [];
    for (let i = 0; i < 60; i++) {
      const batch = Array.from({ length: (i % 4) + 1 }, (_, j) => `${i}.${j}.${'x'.repeat(i)}`);
      all.push(...batch);
      await log.append(batch.map((value) => ({ value })));
    }
    expect(log.stats().segments).toBeGreaterThan(2);
    for (let from = 0; from <= all.length; from += 7) {
      for (let to = from; to <= all.length; to += 11) {
        expect(await values(log, { from, to, maxBytes: 4096 })).toEqual(all.slice(from, to));
      }
    }
    expect(await values(log, { from: 'end' })).toEqual([]);
    expect(await values(log, { from: 3, to: 10_000 })).toEqual(all.slice(3));
    await log.close();
  });

  test('ends at the end as of the call', async () => {
    const log = await open();
    await log.append([{ value: 'a' }]);
    const reading = log.read({ from: 'start' });
    await log.append([{ value: 'b' }]);
    const seen: (string | null)[] = [];
    for await (const chunk of reading) seen.push(...chunk.map(({ value }) => text(value)));
    expect(seen).toEqual(['a']);
    await log.close();
  });

  test('a position outside of the log is an error that carries the range, or what the options say', async () => {
    const log = await open();
    await log.append(Array.from({ length: 5 }, (_, i) => ({ value: `${i}` })));
    await log.deleteBefore(2);
    await expect(readAll(log, { from: 1 })).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', start: 2, end: 5 });
    await expect(readAll(log, { from: 6 })).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    expect(await values(log, { from: 0, outOfRange: 'start' })).toEqual(['2', '3', '4']);
    expect(await values(log, { from: 0, outOfRange: 'end' })).toEqual([]);
    await expect(readAll(log, { from: 1.5 })).rejects.toBeInstanceOf(RangeError);
    await expect(readAll(log, { from: 'start', maxBytes: 10 })).rejects.toBeInstanceOf(RangeError);
    await log.close();
  });

  test('a batch larger than maxBytes is read whole', async () => {
    const log = await open();
    const value = 'x'.repeat(200_000);
    await log.append([{ value }]);
    expect(await values(log, { from: 'start', maxBytes: 4096 })).toEqual([value]);
    await log.close();
  });

  test('an aborted read rejects, because an early end would look complete', async () => {
    const log = await open();
    await log.append([{ value: 'a' }]);
    await expect(readAll(log, { from: 'start', signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await log.close();
  });
});

describe('tail', () => {
  test('gives each record once, in order, across rolls, to every reader', async () => {
    const log = await open({ segmentBytes: 4096, maxBatchBytes: 1024 });
    const count = 300;
    const follow = async (): Promise<(string | null)[]> => {
      const seen: (string | null)[] = [];
      for await (const chunk of log.tail({ from: 'start' })) {
        seen.push(...chunk.map(({ value }) => text(value)));
        if (seen.length === count) break;
      }
      return seen;
    };
    const tails = [follow(), follow(), follow()];
    for (let i = 0; i < count; i++) await log.append([{ value: `${i}`.padEnd(i % 90, '.') }]);
    const expected = await values(log);
    expect(await Promise.all(tails)).toEqual([expected, expected, expected]);
    await log.close();
  });

  test('shows nothing before its sync', async () => {
    const gate = deferred();
    const { storage } = gatedStorage(() => gate.promise);
    const log = await open({ storage });
    const tail = log.tail({ from: 'start' })[Symbol.asyncIterator]();
    let shown = false;
    const first = tail.next().then(({ value }) => {
      shown = true;
      return (value as { offset: number }[]).map(({ offset }) => offset);
    });
    const written = await log.append([{ value: 'a' }], { waitFor: 'written' });
    // A second, later tail begins when the record is already in the file.
    const later = log.tail({ from: 'start' })[Symbol.asyncIterator]().next();
    await turn();
    expect([written.durable, shown]).toEqual([false, false]);
    gate.resolve();
    expect(await first).toEqual([0]);
    expect((await later).done).toBe(false);
    await tail.return?.();
    await log.close();
  });

  test("from 'end' means the end as of the call", async () => {
    const log = await open();
    await log.append([{ value: 'before' }]);
    const tail = log.tail({ from: 'end' });
    await log.append([{ value: 'after' }]);
    for await (const chunk of tail) {
      expect(chunk.map(({ value }) => text(value))).toEqual(['after']);
      break;
    }
    await log.close();
  });

  test('ends without an error by signal and by close', async () => {
    const log = await open();
    const controller = new AbortController();
    const run = async (signal?: AbortSignal): Promise<string> => {
      for await (const chunk of log.tail({ from: 'start', ...(signal ? { signal } : {}) })) expect(chunk).toEqual([]);
      return 'ended';
    };
    const first = run(controller.signal);
    const second = run();
    await turn();
    controller.abort();
    expect(await first).toBe('ended');
    await log.close();
    expect(await second).toBe('ended');
  });

  test('one that deleteBefore overtakes obeys outOfRange', async () => {
    const log = await open({ segmentBytes: 4096, maxBatchBytes: 1024 });
    for (let i = 0; i < 50; i++) await log.append([{ value: `${i}`.padEnd(300) }]);
    const strict = log.tail({ from: 0, maxBytes: 4096 })[Symbol.asyncIterator]();
    const lenient = log.tail({ from: 0, maxBytes: 4096, outOfRange: 'start' })[Symbol.asyncIterator]();
    await strict.next();
    await lenient.next();
    await log.deleteBefore(40);
    await expect(strict.next()).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', start: 40 });
    const next = await lenient.next();
    expect((next.value as { offset: number }[])[0]?.offset).toBe(40);
    await lenient.return?.();
    await log.close();
  });
});

describe('time', () => {
  test('finds the first offset with a timestamp at or after, although timestamps go backwards', async () => {
    const log = await open({ segmentBytes: 4096, maxBatchBytes: 1024, indexIntervalBytes: 512 });
    const times: number[] = [];
    for (let i = 0; i < 200; i++) {
      const timestamp = 1000 + i * 10 - (i % 7) * 35;
      times.push(timestamp);
      await log.append([{ value: 'x'.repeat(60), timestamp }]);
    }
    expect(log.stats().segments).toBeGreaterThan(3);
    for (let t = 700; t < 3100; t += 5) {
      const expected = times.findIndex((timestamp) => timestamp >= t);
      expect(await log.offsetForTime(t), `t=${t}`).toBe(expected === -1 ? undefined : expected);
    }
    await log.deleteBefore(150);
    expect(await log.offsetForTime(0)).toBe(150);
    await log.close();
  });
});

describe('deleteBefore', () => {
  test('is monotonic, survives reopening, and frees whole segments', async () => {
    const storage = memoryStorage();
    const options = { storage, segmentBytes: 4096, maxBatchBytes: 1024 };
    const log = await open(options);
    for (let i = 0; i < 50; i++) await log.append([{ value: `${i}`.padEnd(300) }]);
    const before = log.stats();
    await log.deleteBefore(30);
    await log.deleteBefore(10);
    expect(await log.offsets()).toEqual({ start: 30, end: 50 });
    expect(log.stats().segments).toBeLessThan(before.segments);
    await expect(log.deleteBefore(51)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    await expect(log.deleteBefore(-1)).rejects.toBeInstanceOf(RangeError);
    await log.close();
    const again = await open(options);
    expect(await again.offsets()).toEqual({ start: 30, end: 50 });
    expect((await readAll(again))[0]?.offset).toBe(30);
    await again.close();
  });

  test('deleteBefore(end) gives an empty log that holds no bytes, and offsets go on', async () => {
    const storage = memoryStorage();
    const log = await open({ storage });
    await log.append([{ value: 'a' }, { value: 'b' }]);
    await log.deleteBefore(2);
    expect(log.stats()).toMatchObject({ start: 2, end: 2, bytes: 0, segments: 1 });
    expect((await log.append([{ value: 'c' }])).baseOffset).toBe(2);
    await log.deleteBefore(3);
    await log.close();
    const again = await open({ storage });
    expect(await again.offsets()).toEqual({ start: 3, end: 3 });
    await again.close();
  });
});

describe('open and close', () => {
  test('finds everything again, without reading a batch after an orderly close', async () => {
    const storage = memoryStorage();
    const options = { storage, segmentBytes: 4096, maxBatchBytes: 1024 };
    const log = await open(options);
    for (let i = 0; i < 40; i++) await log.append([{ value: `${i}`.padEnd(300) }]);
    const expected = await readAll(log);
    await log.close();
    const again = await open(options);
    expect(again.recovery).toMatchObject({ clean: true, scannedBytes: 0, truncatedBytes: 0, rebuilt: [] });
    expect(await readAll(again)).toEqual(expected);
    expect((await again.append([{ value: 'next' }])).baseOffset).toBe(40);
    await again.close();
  });

  test('close waits for acknowledgements in flight, is idempotent, and later calls say LOG_CLOSED', async () => {
    const log = await open();
    const inFlight = log.append([{ value: 'a' }]);
    const closing = log.close();
    expect(log.close()).toBe(closing);
    await closing;
    expect(await inFlight).toMatchObject({ baseOffset: 0, durable: true });
    const closed = { code: 'LOG_CLOSED' };
    await expect(log.append([{ value: 'b' }])).rejects.toMatchObject(closed);
    await expect(readAll(log)).rejects.toMatchObject(closed);
    await expect(log.deleteBefore(0)).rejects.toMatchObject(closed);
    await expect(log.commit('g', 0)).rejects.toMatchObject(closed);
    await expect(log.sync()).rejects.toMatchObject(closed);
    await expect(log.offsetForTime(0)).rejects.toMatchObject(closed);
  });

  test('close finishes what was taken and refuses what still waits for room', async () => {
    const gate = deferred();
    const { storage } = gatedStorage(() => gate.promise);
    const log = await open({ storage, maxInFlightBytes: 1024, maxBatchBytes: 1024 });
    const taken = [log.append([{ value: 'x'.repeat(900) }]), log.append([{ value: 'y'.repeat(900) }])];
    const waiting = log.append([{ value: 'z' }]);
    const closing = log.close();
    await expect(waiting).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    await expect(log.append([{ value: 'late' }])).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    gate.resolve();
    expect((await Promise.all(taken)).map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
    await closing;
    const again = await open({ storage });
    expect(await again.offsets()).toEqual({ start: 0, end: 2 });
    await again.close();
  });

  test('a second open of the same storage is LOG_LOCKED until the first is closed', async () => {
    const storage = memoryStorage();
    const log = await open({ storage });
    await expect(open({ storage })).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    await log.close();
    await (await open({ storage })).close();
  });

  test('options out of range are named, with the value and the range', async () => {
    await expect(open({ segmentBytes: 100 })).rejects.toThrow('segmentBytes is 100');
    await expect(open({ maxBatchBytes: 1 << 21, maxInFlightBytes: 1 << 20 })).rejects.toThrow('to 1048576');
    await expect(open({ maxBatchBytes: 8192, segmentBytes: 4096 })).rejects.toBeInstanceOf(RangeError);
    await expect(open({ durability: 'sometimes' as 'none' })).rejects.toThrow('durability is sometimes');
    await expect(open({ syncBytes: Number.NaN })).rejects.toBeInstanceOf(RangeError);
    await expect(Log.open({} as LogOptions)).rejects.toThrow('storage is missing');
    await expect(open({ onEvent: 'log' as unknown as () => void })).rejects.toThrow('onEvent is string');
    await expect(open({ clock: {} as Clock })).rejects.toThrow('clock has no now()');
  });

  test('events tell what happened, and an observer that throws changes nothing', async () => {
    const seen: string[] = [];
    const onEvent = (event: LogEvent): void => {
      seen.push(event.type);
      throw new Error('not your business');
    };
    const log = await open({ onEvent, segmentBytes: 4096, maxBatchBytes: 2048 });
    for (let i = 0; i < 3; i++) await log.append([{ value: 'x'.repeat(1900) }]);
    expect(seen).toEqual(['recovered', 'synced', 'synced', 'synced', 'rolled', 'sealed', 'synced']);
    await log.close();
  });
});
