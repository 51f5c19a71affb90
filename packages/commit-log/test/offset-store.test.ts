import { expect, test } from 'vitest';

import { memoryStorage, OffsetStore } from '../src/index.ts';
import { Log } from '../src/index.ts';
import { readAll } from './support.ts';

const clock = { now: () => 1_700_000_000_000, schedule: () => () => undefined };

test('the last position of a key counts, also after opening again; a removed one is gone', async () => {
  const storage = memoryStorage();
  const store = await OffsetStore.open({ storage, clock });
  await store.commit('a', [
    { topic: 't', partition: 0, offset: 5 },
    { topic: 't', partition: 1, offset: 6, metadata: 'note' },
  ]);
  await store.commit('a', [{ topic: 't', partition: 0, offset: 3 }]);
  await store.commit('\uFEFFbom ü', [{ topic: '', partition: 0, offset: 2 ** 40 }]);
  await store.commit('gone', [{ topic: 't', partition: 0, offset: 1 }]);
  await store.remove('gone');
  await store.remove('a', 't', 7);
  for (let opened = store, round = 0; ; round++) {
    expect(opened.groups()).toEqual(['a', '\uFEFFbom ü']);
    expect(opened.list('a')).toEqual([
      { topic: 't', partition: 0, offset: 3, metadata: '', timestamp: clock.now() },
      { topic: 't', partition: 1, offset: 6, metadata: 'note', timestamp: clock.now() },
    ]);
    expect(opened.committed('\uFEFFbom ü', '', 0)?.offset).toBe(2 ** 40);
    expect(opened.committed('gone', 't', 0)).toBeUndefined();
    await opened.close();
    if (round === 1) break;
    opened = await OffsetStore.open({ storage, clock });
  }
});

test('keys and values have the bytes that Kafka gives them', async () => {
  const storage = memoryStorage();
  const store = await OffsetStore.open({ storage, clock });
  await store.commit('grp', [{ topic: 'top', partition: 2, offset: 258, leaderEpoch: 1, metadata: 'm' }]);
  await store.close();
  const log = await Log.open({ storage });
  const [record] = await readAll(log);
  const hex = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('hex');
  // version 1, "grp", "top", partition 2
  expect(hex(record?.key)).toBe('0001' + '0003677270' + '0003746f70' + '00000002');
  // version 3, offset 258, leader epoch 1, "m", commit timestamp 1 700 000 000 000
  expect(hex(record?.value)).toBe('0003' + '0000000000000102' + '00000001' + '00016d' + '0000018bcfe56800');
  await log.close();
});

test('the log of a store that commits for ever stays short, and loses nothing', async () => {
  const storage = memoryStorage();
  const store = await OffsetStore.open({ storage, durability: 'none' });
  for (let i = 0; i < 250; i++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, p) => store.commit('g', [{ topic: 't', partition: p, offset: i * 100 + p }])),
    );
  }
  await store.close();
  const log = await Log.open({ storage });
  const { start, end } = await log.offsets();
  expect(end - start).toBeLessThan(11_000);
  await log.close();
  const again = await OffsetStore.open({ storage });
  expect(again.list('g').map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, p) => 24_900 + p));
  await again.close();
});

test('what is no position is refused by name', async () => {
  const store = await OffsetStore.open({ storage: memoryStorage() });
  const commit = (group: string, entry: object): Promise<void> =>
    store.commit(group, [{ topic: 't', partition: 0, offset: 0, ...entry }]);
  await expect(commit('g', { offset: -1 })).rejects.toThrow('offset is -1');
  await expect(commit('g', { offset: 1.5 })).rejects.toBeInstanceOf(RangeError);
  await expect(commit('g', { partition: 2 ** 31 })).rejects.toThrow('partition is 2147483648');
  await expect(commit('x'.repeat(32_768), {})).rejects.toThrow('group has 32768 bytes');
  await expect(commit('g', { metadata: 5 })).rejects.toBeInstanceOf(TypeError);
  expect(store.groups()).toEqual([]);
  await store.close();
});

test('a log of something else is refused as LOG_CORRUPT', async () => {
  for (const key of [null, '', 'k', '\0\x01\x7f']) {
    const storage = memoryStorage();
    const log = await Log.open({ storage });
    await log.append([{ key, value: 'an order' }]);
    await log.close();
    await expect(OffsetStore.open({ storage })).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    // And it lets go of the storage.
    await (await Log.open({ storage })).close();
  }
});
