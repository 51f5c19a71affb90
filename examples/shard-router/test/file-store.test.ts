/** The slot map in a folder: one winner an epoch, whatever the number of writers, and nothing believed that is damaged. */
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SlotMapDocument } from '@loadbearing/consistent-hash/migrate';
import { describe, expect, test, vi } from 'vitest';
import { fileSlotMapStore } from '../src/engines/file-store.ts';
import { newDir, until } from './support.ts';

/** What happens before the next link, or before the next file is read, when set. */
let beforeLink: (() => Promise<void>) | undefined;
let beforeRead: (() => Promise<void>) | undefined;
vi.mock('node:fs/promises', async (load) => {
  const actual = await load<typeof import('node:fs/promises')>();
  const link: typeof actual.link = async (from, to) => {
    await beforeLink?.();
    return actual.link(from, to);
  };
  const readFile = (async (...given: Parameters<typeof actual.readFile>) => {
    await beforeRead?.();
    return actual.readFile(...given);
  }) as typeof actual.readFile;
  return { ...actual, link, readFile };
});

/** As much of a document as a store looks at; `by` says who wrote it. */
const documentOf = (epoch: number, by = 'one'): SlotMapDocument =>
  ({ epoch, slots: { by }, goal: null, garbage: [] }) as unknown as SlotMapDocument;

test('what was saved is loaded, also by another process; an empty folder holds nothing', async () => {
  const folder = path.join(await newDir(), 'not', 'there', 'yet');
  const store = await fileSlotMapStore(folder);
  expect(await store.load()).toBeUndefined();
  expect(await store.save(documentOf(1))).toBe(true);
  expect(await store.save(documentOf(2))).toBe(true);
  expect(await (await fileSlotMapStore(folder)).load()).toEqual(documentOf(2));
});

test('only the next epoch is accepted', async () => {
  const store = await fileSlotMapStore(await newDir());
  for (const [epoch, accepted] of [
    [2, false],
    [1, true],
    [1, false],
    [3, false],
    [2, true],
  ] as const) {
    expect([epoch, await store.save(documentOf(epoch))]).toEqual([epoch, accepted]);
  }
});

test('of many writers with the same map in mind exactly one succeeds, and its document is the one that stays', async () => {
  const folder = await newDir();
  const writers = await Promise.all(Array.from({ length: 8 }, () => fileSlotMapStore(folder)));
  for (let epoch = 1; epoch <= 25; epoch++) {
    const results = await Promise.all(writers.map((writer, i) => writer.save(documentOf(epoch, `writer ${i}`))));
    expect(results.filter(Boolean)).toHaveLength(1);
    const stored = (await writers[0]!.load()) as unknown as { slots: { by: string } };
    expect(stored.slots.by).toBe(`writer ${results.indexOf(true)}`);
  }
});

test('who reads while others write finds whole documents with epochs that never fall', async () => {
  const folder = await newDir();
  const [reader, writer] = [await fileSlotMapStore(folder), await fileSlotMapStore(folder)];
  await writer.save(documentOf(1));
  let isWriting = true;
  const seen: number[] = [];
  const reading = (async () => {
    while (isWriting) seen.push((await reader.load())!.epoch);
  })();
  for (let epoch = 2; epoch <= 60; epoch++) await writer.save(documentOf(epoch));
  isWriting = false;
  await reading;
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test('a file that is replaced between the look at the folder and its reading is looked for again', async () => {
  const folder = await newDir();
  const [reader, writer] = [await fileSlotMapStore(folder), await fileSlotMapStore(folder)];
  await writer.save(documentOf(1));
  beforeRead = async () => {
    beforeRead = undefined;
    await writer.save(documentOf(2));
  };
  expect(await reader.load()).toEqual(documentOf(2));
});

test('a writer that was paused before its link has lost, though its number is free again', async () => {
  const folder = await newDir();
  const [slow, fast] = [await fileSlotMapStore(folder), await fileSlotMapStore(folder)];
  await fast.save(documentOf(1));
  let resume = (): void => undefined;
  beforeLink = () => {
    beforeLink = undefined;
    return new Promise((resolve) => (resume = resolve));
  };
  const late = slow.save(documentOf(2, 'slow'));
  await until('the slow writer is at its link', () => beforeLink === undefined);
  for (const epoch of [2, 3, 4]) expect(await fast.save(documentOf(epoch))).toBe(true);
  resume();
  expect(await late).toBe(false);
  expect(await fast.load()).toEqual(documentOf(4));
  expect(await fast.save(documentOf(5))).toBe(true);
  expect(await readdir(folder)).toHaveLength(1);
});

test('old files and drafts are removed', async () => {
  const folder = await newDir();
  const store = await fileSlotMapStore(folder);
  for (let epoch = 1; epoch <= 20; epoch++) await store.save(documentOf(epoch));
  expect(await readdir(folder)).toHaveLength(1);
});

describe('a damaged slot map is named and left alone', () => {
  test.each([
    ['cut', (text: string) => text.slice(0, -5)],
    ['empty', () => ''],
    ['null', () => 'null'],
    ['of another epoch', () => JSON.stringify(documentOf(7))],
  ])('%s', async (_, damage) => {
    const folder = await newDir();
    const store = await fileSlotMapStore(folder);
    await store.save(documentOf(1));
    const file = path.join(folder, (await readdir(folder))[0]!);
    const damaged = damage(await readFile(file, 'utf8'));
    await writeFile(file, damaged);
    await expect(store.load()).rejects.toThrow(`The slot map ${file} is damaged`);
    expect(await readFile(file, 'utf8')).toBe(damaged);
  });

  test('a draft that a kill left is none', async () => {
    const folder = await newDir();
    const store = await fileSlotMapStore(folder);
    await appendFile(path.join(folder, '1-0.draft'), '{"epoch":');
    expect(await store.save(documentOf(1))).toBe(true);
    expect(await store.load()).toEqual(documentOf(1));
  });
});
