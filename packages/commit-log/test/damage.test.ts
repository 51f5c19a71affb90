/** Torn writes are cut off; changed bytes that were durable are refused; what can be made again is made again. */
import { describe, expect, test } from 'vitest';

import { Log } from '../src/index.ts';
import type { LogOptions } from '../src/index.ts';
import { encodeBatch, stampBaseOffset } from '../src/record-batch.ts';
import { seeded, SimStorage } from './sim-storage.ts';
import { readAll, text, values } from './support.ts';

const LOG = '00000000000000000000.log';
const small = { segmentBytes: 4096, maxBatchBytes: 2048, indexIntervalBytes: 512 };
const open = (storage: SimStorage, options: Partial<LogOptions> = {}): Promise<Log> =>
  Log.open({ storage, ...options });

/** A killed log whose records are all acknowledged. */
async function killed(count: number, options: Partial<LogOptions> = {}): Promise<SimStorage> {
  const storage = new SimStorage();
  const log = await open(storage, options);
  for (let i = 0; i < count; i++) await log.append([{ value: `value ${i}` }]);
  return storage.kill();
}

function batchAt(offset: number, value: string): Uint8Array {
  const { bytes } = encodeBatch([{ value }, { value: 'second' }], 1_700_000_000_000);
  stampBaseOffset(bytes, offset);
  return bytes;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

describe('a torn last batch', () => {
  const last = batchAt(3, 'x'.repeat(700));
  const shapes: Readonly<Record<string, (at: number) => Uint8Array>> = {
    'cut off': (at) => last.subarray(0, at),
    'followed by zeros': (at) => joined(last.subarray(0, at), new Uint8Array(last.length - at)),
    'followed by other bytes': (at) => joined(last.subarray(0, at), new Uint8Array(last.length - at).fill(0xa5)),
    'missing its front': (at) => joined(new Uint8Array(last.length - at), last.subarray(last.length - at)),
  };
  test.each(Object.keys(shapes))('is cut at any byte position it is %s at, and nothing before it', async (shape) => {
    const image = await killed(3);
    const durable = image.bytes(LOG);
    for (let at = 0; at <= last.length; at++) {
      const storage = image.kill();
      const tail = shapes[shape]!(at);
      storage.put(LOG, joined(durable, tail));
      const log = await open(storage);
      const whole = Buffer.compare(tail, last) === 0;
      expect(await values(log), `${at} bytes`).toEqual(
        ['value 0', 'value 1', 'value 2'].concat(whole ? ['x'.repeat(700), 'second'] : []),
      );
      expect(log.recovery.truncatedBytes).toBe(whole ? 0 : tail.length);
      const kept = storage.names.filter((name) => name.startsWith('quarantine/'));
      expect(log.recovery.quarantined).toEqual(kept);
      // What is destroyed and is not zeros is kept as a copy.
      expect(kept).toHaveLength(!whole && tail.some((byte) => byte !== 0) ? 1 : 0);
      if (kept.length > 0) expect(storage.bytes(kept[0]!)).toEqual(tail);
      expect((await log.append([{ value: 'next' }])).baseOffset).toBe(whole ? 5 : 3);
      await log.close();
    }
  });

  test('in mode none only what no sync has covered can be torn', async () => {
    const storage = new SimStorage();
    const log = await open(storage, { durability: 'none' });
    for (let i = 0; i < 3; i++) await log.append([{ value: `value ${i}` }]);
    await log.sync();
    const synced = storage.bytes(LOG).length;
    for (let i = 3; i < 6; i++) await log.append([{ value: `value ${i}` }]);
    const image = storage.kill();
    for (let at = 0; at < image.bytes(LOG).length; at++) {
      const damaged = image.kill();
      const bytes = image.bytes(LOG);
      bytes[at]! ^= 0x10;
      damaged.put(LOG, bytes);
      const opening = open(damaged, { durability: 'none' });
      if (at < synced) await expect(opening, `byte ${at}`).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
      else expect((await (await opening).offsets()).end, `byte ${at}`).toBeGreaterThanOrEqual(3);
    }
  });

  test('opens although the disk has no room for the copy', async () => {
    const storage = await killed(3);
    storage.put(LOG, joined(storage.bytes(LOG), last.subarray(0, 100)));
    storage.machine.takes = (bytes, name) => {
      if (name.startsWith('quarantine/')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return bytes;
    };
    const log = await open(storage);
    expect(log.recovery).toMatchObject({ truncatedBytes: 100, quarantined: [] });
    await log.close();
  });
});

describe('rot', () => {
  test('no bit below the last acknowledgement can change without LOG_CORRUPT, and nothing is cut', async () => {
    const image = await killed(4);
    const durable = image.bytes(LOG);
    for (let bit = 0; bit < durable.length * 8; bit++) {
      const storage = image.kill();
      const bytes = durable.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      storage.put(LOG, bytes);
      await expect(open(storage), `bit ${bit}`).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
      expect(storage.bytes(LOG)).toEqual(bytes);
      // A refused open lets go of the directory: a repaired file opens.
      storage.put(LOG, durable);
      const log = await open(storage);
      expect((await log.offsets()).end).toBe(4);
      await log.close();
    }
  });

  test('a file that is shorter than what was durable is LOG_CORRUPT, and is left alone', async () => {
    const image = await killed(3);
    const durable = image.bytes(LOG);
    for (let size = 0; size < durable.length; size++) {
      const storage = image.kill();
      storage.put(LOG, durable.subarray(0, size));
      await expect(open(storage), `${size} bytes`).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
      expect(storage.bytes(LOG)).toHaveLength(size);
    }
  });

  test('without the checkpoint a whole batch far behind the damage is evidence enough', async () => {
    const image = await killed(3);
    const far = joined(image.bytes(LOG), new Uint8Array(5 * 1024 * 1024).fill(1), batchAt(900, 'far'));
    const near = joined(image.bytes(LOG), new Uint8Array(1024).fill(1), batchAt(900, 'near'));
    image.drop('checkpoint');
    const storage = image.kill();
    storage.put(LOG, far);
    await expect(open(storage)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    storage.put(LOG, near);
    const log = await open(storage);
    expect(log.recovery.truncatedBytes).toBe(near.length - image.bytes(LOG).length);
    await log.close();
  });

  test('in a log that was closed in order, the read that meets it says LOG_CORRUPT', async () => {
    const storage = new SimStorage();
    const log = await open(storage, small);
    for (let i = 0; i < 30; i++) await log.append([{ value: `${i}`.padEnd(300, '.') }]);
    await log.close();
    const random = seeded(7);
    for (const name of storage.names.filter((file) => file.endsWith('.log'))) {
      for (let i = 0; i < 40; i++) {
        const copy = storage.kill();
        const bytes = copy.bytes(name);
        bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
        copy.put(name, bytes);
        const again = await open(copy, small);
        await expect(readAll(again)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
        await again.close();
        expect(copy.bytes(name)).toEqual(bytes);
      }
    }
  });

  test('a segment that is missing is LOG_CORRUPT, whichever it is', async () => {
    const image = await killed(60, small);
    const logs = image.names.filter((file) => file.endsWith('.log'));
    expect(logs.length).toBeGreaterThan(1);
    for (const name of logs) {
      const storage = image.kill();
      storage.drop(name);
      await expect(open(storage, small)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    }
    const storage = image.kill();
    for (const name of logs) storage.drop(name);
    await expect(open(storage, small)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
  });
});

describe('files that can be made again', () => {
  async function closed(): Promise<{ storage: SimStorage; expected: unknown }> {
    const storage = new SimStorage();
    const log = await open(storage, small);
    for (let i = 0; i < 40; i++) await log.append([{ value: `${i}`.padEnd(200, '.'), timestamp: 1000 + i * 10 }]);
    const expected = await look(log);
    await log.close();
    return { storage, expected };
  }

  /** Everything a reader can see. */
  async function look(log: Log): Promise<unknown> {
    const records = await readAll(log);
    const times = await Promise.all([0, 1055, 1200, 9999].map((time) => log.offsetForTime(time)));
    const middle = (await readAll(log, { from: 25 }))[0];
    return { values: records.map(({ value }) => text(value)), times, middle: middle?.offset };
  }

  test('whatever happens to an index or to one slot of the checkpoint, reads give the same', async () => {
    const { storage, expected } = await closed();
    const files = storage.names.filter((name) => !name.endsWith('.log'));
    expect(files.length).toBeGreaterThan(2);
    for (const name of files) {
      const bytes = storage.bytes(name);
      const changes: Uint8Array[] = [new Uint8Array(0), new Uint8Array(bytes.length), bytes.subarray(0, -1)];
      for (let at = 0; at < bytes.length; at += name === 'checkpoint' ? 37 : 3) {
        const changed = bytes.slice();
        changed[at]! ^= 0x20;
        changes.push(changed);
      }
      for (const changed of [undefined, ...changes]) {
        const copy = storage.kill();
        if (changed === undefined) copy.drop(name);
        else copy.put(name, changed);
        const log = await open(copy, small);
        expect(await look(log), name).toEqual(expected);
        await log.close();
      }
    }
  });

  test('the index of another segment is not believed, and is made again', async () => {
    const { storage, expected } = await closed();
    const [first, second] = storage.names.filter((name) => name.endsWith('.index'));
    const bytes = storage.bytes(first!);
    storage.put(first!, storage.bytes(second!));
    storage.put(second!, bytes);
    const log = await open(storage, small);
    expect(await look(log)).toEqual(expected);
    expect(log.recovery.rebuilt).toEqual(expect.arrayContaining([first, second]));
    await log.close();
    expect(storage.bytes(first!)).toEqual(bytes);
  });
});
