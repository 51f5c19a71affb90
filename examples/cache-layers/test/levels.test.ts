/** The four ways to read an item: the same answers, and a trace that says who was asked. */
import { memoryBus, memoryTier } from '@loadbearing/lru-cache/tiered';
import { afterEach, describe, expect, test } from 'vitest';
import { openLevels, type Levels } from '../src/app/levels.ts';
import { appDefaults, type AppSettings } from '../src/app/settings.ts';
import type { Item } from '../src/database/items.ts';

const opened: Levels[] = [];
afterEach(async () => {
  for (const levels of opened.splice(0)) await levels.close();
});

function world(settings: Partial<AppSettings>, load?: (id: number) => Promise<Item | undefined>) {
  const tier = memoryTier();
  const bus = memoryBus();
  const versions = new Map<number, number>();
  let loads = 0;
  const source = async (id: number): Promise<Item | undefined> => {
    loads++;
    return id > 100 ? undefined : { id, version: versions.get(id) ?? 1, text: `item ${id}` };
  };
  const app = (): Levels => {
    const levels = openLevels({ ...appDefaults, ...settings }, { load: load ?? source, tier, bus });
    opened.push(levels);
    return levels;
  };
  const write = (id: number) => versions.set(id, (versions.get(id) ?? 1) + 1);
  return { app, write, loads: () => loads };
}

describe.each([
  ['both levels', { l1: true, l2: true }],
  ['level 1 alone', { l1: true, l2: false }],
  ['level 2 alone', { l1: false, l2: true }],
  ['neither', { l1: false, l2: false }],
])('%s', (_name, switches) => {
  test('reads an item, knows that there is none, and shows the new value after an invalidation', async () => {
    const { app, write } = world(switches);
    const levels = app();
    expect((await levels.fetch(7)).item).toEqual({ id: 7, version: 1, text: 'item 7' });
    expect((await levels.fetch(101)).item).toBeUndefined();
    write(7);
    await levels.invalidate(7);
    expect((await levels.fetch(7)).item?.version).toBe(2);
  });

  test('a trace says which levels were asked, and a second read stops where the first was kept', async () => {
    const levels = world(switches).app();
    const first = (await levels.fetch(7)).trace;
    const second = (await levels.fetch(7)).trace;
    expect(first).toMatchObject({
      l1: switches.l1 ? 'miss' : 'off',
      l2: switches.l2 ? 'miss' : 'not asked',
      isLoaded: true,
    });
    expect(second).toMatchObject({
      l1: switches.l1 ? 'hit' : 'off',
      l2: switches.l1 || !switches.l2 ? 'not asked' : 'hit',
      isLoaded: !switches.l1 && !switches.l2,
    });
  });
});

test('another app finds in level 2 what the first has loaded', async () => {
  const { app, loads } = world({});
  await app().fetch(7);
  expect((await app().fetch(7)).trace).toMatchObject({ l1: 'miss', l2: 'hit', isLoaded: false });
  expect(loads()).toBe(1);
});

test('of many callers one loads and the others have joined; a load that waits for its turn is counted where it began', async () => {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  const { app } = world({ l2: false, maxConcurrentLoads: 1 }, async (id) => {
    await until;
    return { id, version: 1, text: '' };
  });
  const levels = app();
  const reads = [1, 1, 1, 2, 2].map((id) => levels.fetch(id));
  release();
  const traces = (await Promise.all(reads)).map(({ trace }) => `${trace.l1} ${trace.isLoaded}`);
  expect(traces).toEqual(['miss true', 'joined false', 'joined false', 'miss true', 'joined false']);
});
