/** Disks that fill up, write half of it, or fail: what is told, and what is kept. */
import { describe, expect, test } from 'vitest';

import { Log, OffsetStore } from '../src/index.ts';
import type { Appended, LogOptions } from '../src/index.ts';
import { ioError, seeded, SimStorage } from './sim-storage.ts';
import type { Operation } from './sim-storage.ts';
import { readAll, text, values } from './support.ts';

const small = { segmentBytes: 4096, maxBatchBytes: 2048, indexIntervalBytes: 512 };
const open = (storage: SimStorage, options: Partial<LogOptions> = {}): Promise<Log> =>
  Log.open({ storage, ...small, ...options });

/** Fails one operation, the `skip`-th from now on. */
function failOnce(storage: SimStorage, operation: Operation, skip: number, code: 'EIO' | 'ENOSPC' = 'EIO'): void {
  let left = skip;
  storage.machine.before = (what) => {
    if (what === operation && left-- === 0) throw ioError(code);
  };
}

describe('a sync that fails', () => {
  test('at any call: its appends and all later ones are rejected, what was acknowledged survives power loss', async () => {
    let failures = 0;
    for (let skip = 0; skip < 40; skip++) {
      for (const operation of ['datasync', 'sync', 'syncDir'] as const) {
        const random = seeded(skip);
        const storage = new SimStorage();
        const log = await open(storage);
        failOnce(storage, operation, skip);
        const acknowledged: string[] = [];
        const codes = new Set<unknown>();
        for (let i = 0; i < 30; i++) {
          const value = `${i}`.padEnd(500, '.');
          try {
            await log.append([{ value }]);
            expect(codes, 'acknowledged after a failed sync').toEqual(new Set());
            acknowledged.push(value);
          } catch (error) {
            codes.add((error as { code: unknown }).code);
          }
        }
        expect(codes).toEqual(codes.size === 0 ? new Set() : new Set(['LOG_FAILED']));
        if (codes.size === 0) {
          // The call that fails can be one of close, or there are not so many.
          await log.close().catch((error: unknown) => expect(error).toMatchObject({ code: 'LOG_FAILED' }));
          continue;
        }
        failures++;
        expect(log.stats().failure).toMatchObject({ code: 'LOG_FAILED', cause: { code: 'EIO' } });
        // What was durable stays readable, and nothing else is shown.
        expect(await values(log)).toEqual(acknowledged);
        await expect(log.sync()).rejects.toMatchObject({ code: 'LOG_FAILED' });
        await expect(log.tryAppend([{ value: 'x' }])).rejects.toMatchObject({ code: 'LOG_FAILED' });
        await log.close();

        // Opened again, the pages that the disk never got are written once more before they are believed.
        storage.machine.before = () => undefined;
        const again = await open(storage);
        const found = await values(again);
        expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
        const afterPowerLoss = await open(storage.crash(random));
        expect(await values(afterPowerLoss)).toEqual(found);
      }
    }
    expect(failures).toBeGreaterThan(30);
  });

  test('rejects everything that waits, and a tail that has read all says why it ends', async () => {
    const storage = new SimStorage();
    const log = await open(storage, { maxInFlightBytes: 2048 });
    await log.append([{ value: 'kept' }]);
    failOnce(storage, 'datasync', 0);
    const seen: unknown[] = [];
    const following = (async () => {
      for await (const chunk of log.tail({ from: 'start' })) seen.push(...chunk.map(({ value }) => text(value)));
    })();
    const appends = Array.from({ length: 8 }, () => log.append([{ value: 'x'.repeat(900) }]));
    const outcomes = await Promise.allSettled(appends);
    expect(outcomes.map(({ status }) => status)).toEqual(appends.map(() => 'rejected'));
    await expect(following).rejects.toMatchObject({ code: 'LOG_FAILED' });
    expect(seen).toEqual(['kept']);
    expect(log.stats().inFlightBytes).toBe(0);
    await log.close();
  });

  test('in mode none draws the end back to what was synced', async () => {
    const storage = new SimStorage();
    const log = await open(storage, { durability: 'none' });
    await log.append([{ value: 'synced' }]);
    await log.sync();
    await log.append([{ value: 'written' }]);
    failOnce(storage, 'datasync', 0);
    await expect(log.append([{ value: 'x' }], { waitFor: 'durable' })).rejects.toMatchObject({ code: 'LOG_FAILED' });
    expect(await values(log)).toEqual(['synced']);
    await log.close();
  });
});

describe('a disk that fills up', () => {
  test('after any number of bytes: the append is rejected whole, reads go on, and appends too when there is room', async () => {
    for (let budget = 0; budget < 3000; budget += 7) {
      const storage = new SimStorage();
      const log = await open(storage);
      let left = budget;
      storage.machine.takes = (bytes, name) => {
        // Slots of the checkpoint were allocated when it was made.
        if (name === 'checkpoint') return bytes;
        if (left === 0) throw ioError('ENOSPC');
        const taken = Math.min(bytes, left);
        left -= taken;
        return taken;
      };
      const stored: string[] = [];
      const codes = new Set<unknown>();
      for (let i = 0; i < 12; i++) {
        const batch = [{ value: `${i}`.padEnd(150, '.') }, { value: `${i}`.padEnd(150, '-') }];
        try {
          await log.append(batch);
          stored.push(...batch.map(({ value }) => value));
        } catch (error) {
          codes.add((error as { code: unknown }).code);
        }
      }
      expect(codes).toEqual(new Set(['STORAGE_FULL']));
      expect(await values(log), `${budget} bytes`).toEqual(stored);

      const image = storage.kill();
      storage.machine.takes = (bytes) => bytes;
      expect((await log.append([{ value: 'room again' }])).baseOffset).toBe(stored.length);
      expect(await values(log)).toEqual([...stored, 'room again']);
      await log.close();

      // A process that died while the disk was full: opening needs no space.
      image.machine.takes = (bytes, name) => {
        if (name.endsWith('.log') || name === 'checkpoint') return bytes;
        throw ioError('ENOSPC');
      };
      const again = await open(image);
      expect(await values(again)).toEqual(stored);
      await again.close();
    }
  });

  test('the checkpoint has its room from the beginning', async () => {
    const storage = new SimStorage();
    const log = await open(storage);
    const size = storage.bytes('checkpoint').length;
    for (let i = 0; i < 30; i++) await log.append([{ value: 'x'.repeat(500) }]);
    await log.close();
    expect(storage.bytes('checkpoint')).toHaveLength(size);
  });

  test('a new segment that cannot be made is made by a later append', async () => {
    const storage = new SimStorage();
    const log = await open(storage);
    const append = (): Promise<Appended> => log.append([{ value: 'x'.repeat(1500) }]);
    await append();
    await append();
    for (const operation of ['open', 'write'] as const) {
      storage.machine.before = (what, name) => {
        const isNew = name.endsWith('.log') && name !== '00000000000000000000.log';
        if (what === operation && (isNew || name === 'checkpoint')) throw ioError('ENOSPC');
      };
      await expect(append()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      expect(log.stats()).toMatchObject({ end: 2 });
    }
    storage.machine.before = () => undefined;
    expect((await append()).baseOffset).toBe(2);
    expect(log.stats().segments).toBe(2);
    await log.close();
    const again = await open(storage);
    expect((await readAll(again)).map(({ offset }) => offset)).toEqual([0, 1, 2]);
    await again.close();
  });

  test('any other failed write is WRITE_FAILED, and the log goes on', async () => {
    const storage = new SimStorage();
    const log = await open(storage);
    await log.append([{ value: 'a' }]);
    failOnce(storage, 'write', 0);
    await expect(log.append([{ value: 'b' }])).rejects.toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'EIO' } });
    await log.append([{ value: 'c' }]);
    expect(await values(log)).toEqual(['a', 'c']);
    await log.close();
  });

  test('a failed write that cannot be cut off again fails the log', async () => {
    const storage = new SimStorage();
    const log = await open(storage);
    storage.machine.before = (what, name) => {
      if (name.endsWith('.log') && (what === 'write' || what === 'truncate')) throw ioError('EIO');
    };
    await expect(log.append([{ value: 'b' }])).rejects.toMatchObject({ code: 'LOG_FAILED' });
    storage.machine.before = () => undefined;
    await expect(log.append([{ value: 'c' }])).rejects.toMatchObject({ code: 'LOG_FAILED' });
    await log.close();
  });
});

test('writes and reads that come back short are completed', async () => {
  const storage = new SimStorage();
  storage.machine.takes = (bytes) => Math.min(bytes, 13);
  const log = await open(storage);
  const expected = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(400, '.'));
  for (const value of expected) await log.append([{ value }]);
  expect(await values(log)).toEqual(expected);
  await log.close();
  const again = await open(storage.kill());
  expect(again.recovery.clean).toBe(true);
  expect(await values(again)).toEqual(expected);
  await again.close();
});

test('a storage that takes no byte and reports no error is a failed write, not an endless loop', async () => {
  const storage = new SimStorage();
  const log = await open(storage);
  storage.machine.takes = (bytes, name) => (name.endsWith('.log') ? 0 : bytes);
  await expect(log.append([{ value: 'a' }])).rejects.toMatchObject({ code: 'WRITE_FAILED' });
  storage.machine.takes = (bytes) => bytes;
  await log.append([{ value: 'b' }]);
  expect(await values(log)).toEqual(['b']);
  await log.close();
});

test('a commit that fails does not undo a later one of the same key', async () => {
  const storage = new SimStorage();
  const store = await OffsetStore.open({ storage, durability: 'each' });
  const commit = (offset: number): Promise<void> => store.commit('g', [{ topic: 't', partition: 0, offset }]);
  await commit(1);
  failOnce(storage, 'write', 0);
  const outcomes = await Promise.allSettled([commit(2), commit(3)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  // So many that the map is written anew, and what stands before it is dropped.
  for (let i = 0; i < 12; i++) {
    await store.commit(
      'g',
      Array.from({ length: 1000 }, () => ({ topic: 't', partition: 1, offset: i })),
    );
  }
  await store.close();
  const again = await OffsetStore.open({ storage });
  expect(again.list('g').map(({ offset }) => offset)).toEqual([3, 11]);
  await again.close();
});

test('a commit that could not be stored changes no position, and the next one does', async () => {
  const storage = new SimStorage();
  const store = await OffsetStore.open({ storage });
  await store.commit('g', [{ topic: 't', partition: 0, offset: 1 }]);
  failOnce(storage, 'write', 0, 'ENOSPC');
  await expect(store.commit('g', [{ topic: 't', partition: 0, offset: 2 }])).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  });
  expect(store.committed('g', 't', 0)?.offset).toBe(1);
  await store.commit('g', [{ topic: 't', partition: 0, offset: 3 }]);
  await store.close();
  const again = await OffsetStore.open({ storage });
  expect(again.committed('g', 't', 0)?.offset).toBe(3);
  await again.close();
});
