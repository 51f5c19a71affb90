/** The world in this process, its router and movers as real children: rivals, kills by hand, and the buttons. */
import { afterEach, describe, expect, test } from 'vitest';
import { memoryEngine } from '../src/engines/memory-engine.ts';
import type { ChangeShards } from '../src/feed.ts';
import { World, type WorldOptions } from '../src/world.ts';
import { newDir, until } from './support.ts';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function open(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = await World.open({
    engine: await memoryEngine(await newDir()),
    rows: 500,
    slots: 64,
    shards: 3,
    seed: 1,
    perSecond: 300,
    batchSlots: 2,
    paceMs: 5,
    onFatal: (error) => {
      throw error;
    },
    ...options,
  });
  worlds.push(world);
  await world.ready();
  await world.load();
  world.phase = 'idle';
  world.traffic.start();
  return world;
}

/** Every row is read back as it was acknowledged, and lies on its owner alone. */
async function inOrder(world: World): Promise<void> {
  await world.traffic.stop();
  await world.ready();
  expect(await world.traffic.readAll(world.keys)).toBe(world.keys.length);
  expect(await world.misplacedRows()).toBe(0);
  expect(world.checker.reports).toEqual([]);
}

test('two movers at once cost each other time and do no harm', async () => {
  const world = await open({ movers: 2 });
  const joined = await world.migrate({ action: 'add' });
  expect(joined.slots).toBe(16);
  const left = await world.migrate({ action: 'remove', id: 'shard-1' });
  expect(left.slots).toBe(16);
  expect(world.map.nodes.map(({ id }) => id)).toEqual(['shard-2', 'shard-3', 'shard-4']);
  await inOrder(world);
});

test('a mover that is stopped in the middle of a copy and wakes up after another has gone on changes nothing', async () => {
  const world = await open({ movers: 2, paceMs: 40, perSecond: 600 });
  const [sleeper, other] = world.moverPids as [number, number];
  const later = async (epochs: number): Promise<void> => {
    const from = world.feed().epoch;
    await until('the other has gone on', () => world.feed().epoch >= from + epochs || world.feed().goal === null);
  };
  process.kill(other, 'SIGSTOP');
  const migration = world.migrate({ action: 'remove', id: 'shard-2' });
  for (let i = 0; i < 3; i++) {
    // Its batch has been emptied on the new shard and read on the old one; the pages wait to be written.
    let isCopying = false;
    world.onStep = ({ kind }) => {
      if (kind === 'copy') setTimeout(() => (isCopying = true), 60);
    };
    await until('it copies', () => isCopying || world.feed().goal === null);
    process.kill(sleeper, 'SIGSTOP');
    process.kill(other, 'SIGCONT');
    await later(6);
    process.kill(other, 'SIGSTOP');
    process.kill(sleeper, 'SIGCONT');
  }
  expect((await migration).slots).toBe(21);
  process.kill(other, 'SIGCONT');
  await inOrder(world);
});

test('both are killed again and again by hand, and the migration ends as planned', async () => {
  const world = await open();
  const migration = world.migrate({ action: 'add' });
  for (let i = 0; i < 4; i++) {
    const target = i % 2 === 0 ? 'mover' : 'router';
    const { epoch } = world.feed();
    // While it works, and before it is done: with another epoch, or the end.
    await until('something happened', () => world.feed().epoch > epoch || world.feed().goal === null);
    await until('it is up', () => world.feed()[target].up);
    expect(world.kill(target)).toBeGreaterThan(0);
    expect(world.feed()[target]).toMatchObject({ up: false });
  }
  expect((await migration).slots).toBe(16);
  await world.ready();
  expect(world.feed()).toMatchObject({ mover: { up: true, kills: 2 }, router: { up: true, kills: 2 } });
  await inOrder(world);
});

describe('the buttons', () => {
  const refusedWith = async (world: World, change: ChangeShards, status: number): Promise<void> => {
    await expect(world.changeShards(change)).rejects.toMatchObject({ status });
  };

  test('one change at a time, none while the script runs, none that makes no sense', async () => {
    const world = await open({ shards: 2 });
    world.isScripted = true;
    await refusedWith(world, { action: 'add' }, 409);
    world.isScripted = false;
    await refusedWith(world, { action: 'remove', id: 'shard-3' }, 400);
    const epoch = await world.changeShards({ action: 'remove' });
    expect(world.feed()).toMatchObject({ phase: 'moving', goal: ['shard-1'], epoch });
    await refusedWith(world, { action: 'add' }, 409);
    await until('it is done', () => world.feed().phase === 'done');
    expect(world.feed()).toMatchObject({
      goal: null,
      shards: ['shard-1'],
      owners: [{ from: 0, to: 63, id: 'shard-1' }],
    });
    await refusedWith(world, { action: 'remove' }, 400);
    // The name that is free, on a shard that has been used before.
    await world.changeShards({ action: 'add' });
    await until('it is done', () => world.feed().phase === 'done');
    const { owners, movedRows, optimalRows, rows } = world.feed();
    expect(new Set(owners.map(({ id }) => id))).toEqual(new Set(['shard-1', 'shard-2']));
    expect(Math.abs(movedRows - optimalRows)).toBeLessThan(rows / 10);
    await inOrder(world);
  });

  test('two clicks at the same moment are one change', async () => {
    const world = await open();
    const results = await Promise.allSettled([
      world.changeShards({ action: 'add' }),
      world.changeShards({ action: 'add' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await until('it is done', () => world.feed().phase === 'done');
    expect(world.map.nodes).toHaveLength(4);
  });

  test('who is down already is not killed, and says so', async () => {
    const world = await open();
    world.kill('mover');
    expect(() => world.kill('mover')).toThrow('The mover is down.');
    await until('it is back', () => world.feed().mover.up);
    expect(world.feed().mover.kills).toBe(1);
  });
});

test('the feed has the heat since the last one, in groups, and owners that cover all slots', async () => {
  const world = await open({ slots: 512 });
  await until('something was asked', () => world.feed().heat.some((heat) => heat > 0));
  const { heat, owners, count, rows, violations } = world.feed();
  expect(heat).toHaveLength(256);
  expect(owners.reduce((next, { from, to }) => (from === next ? to + 1 : NaN), 0)).toBe(count);
  expect([rows, violations]).toEqual([500, { lost: 0, stale: 0, resurrected: 0 }]);
});
