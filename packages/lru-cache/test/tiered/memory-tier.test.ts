import { describe, expect, it } from 'vitest';
import { memoryBus, memoryTier, type Invalidation } from '../../src/tiered/index.ts';
import { tierContract } from './tier-contract.ts';

const NIGHTLY = process.env['NIGHTLY'] === '1';

describe('a tier in memory', () => {
  tierContract('memoryTier', () => memoryTier(), NIGHTLY ? 10_000 : 200);

  function at(fenceMs = 100): { now: number; tier: ReturnType<typeof memoryTier> } {
    const time = { now: 0 };
    return Object.assign(time, { tier: memoryTier({ clock: { now: () => time.now }, fenceMs }) });
  }

  it('a value ends with its time, which the tier measures', async () => {
    const s = at();
    const miss = await s.tier.read('k', 10);
    if (miss.kind !== 'miss') throw new Error('hit');
    await s.tier.fill('k', 'v', 50, miss.fence);
    s.now = 49;
    expect(await s.tier.read('k', 10)).toEqual({ kind: 'hit', value: 'v', remainingMs: 1 });
    s.now = 50;
    expect(await s.tier.read('k', 10)).toMatchObject({ kind: 'miss', leader: true });
  });

  it('a fence ends fenceMs after the last miss that was told it', async () => {
    const s = at(100);
    const first = await s.tier.read('k', 10);
    s.now = 99;
    expect(await s.tier.read('k', 10)).toMatchObject({ fence: (first as { fence: string }).fence });
    s.now = 198;
    expect(await s.tier.fill('k', 'v', 50, (first as { fence: string }).fence)).toBe(true);
    s.now = 199;
    expect(await s.tier.fill('k', 'v', 50, (first as { fence: string }).fence)).toBe(false);
  });

  it('a lease ends after leaseMs, with a fill, or when it is released', async () => {
    const s = at(1000);
    const leader = async (): Promise<boolean | undefined> => {
      const read = await s.tier.read('k', 10, 'v');
      return read.kind === 'miss' ? read.leader : undefined;
    };
    expect(await leader()).toBe(true);
    expect(await leader()).toBe(false);
    s.now = 9;
    expect(await leader()).toBe(false);
    s.now = 10;
    expect(await leader()).toBe(true);
    await s.tier.release('k');
    expect(await leader()).toBe(true);
    const read = await s.tier.read('k', 10);
    await s.tier.fill('k', 'v', 50, (read as { fence: string }).fence);
    expect(await leader()).toBe(true);
  });

  it('a removal ends fence and lease: the next miss leads with a fence of its own', async () => {
    const s = at(1000);
    const before = await s.tier.read('k', 100);
    await s.tier.remove(['k']);
    const after = await s.tier.read('k', 100);
    expect(after).toMatchObject({ kind: 'miss', leader: true });
    expect((after as { fence: string }).fence).not.toBe((before as { fence: string }).fence);
  });

  it('a version ends ttlMs after it was last asked for', async () => {
    const s = at();
    const [first] = await s.tier.versions(['t'], 100);
    s.now = 99;
    expect(await s.tier.versions(['t'], 100)).toEqual([first]);
    s.now = 198;
    expect(await s.tier.versions(['t'], 100)).toEqual([first]);
    s.now = 298;
    expect(await s.tier.versions(['t'], 100)).not.toEqual([first]);
  });

  it('holds at most max keys, and a key that is evicted takes its fence along', async () => {
    const tier = memoryTier({ max: 2 });
    const first = await tier.read('a', 1000);
    await tier.read('b', 1000);
    await tier.read('c', 1000);
    expect(await tier.fill('a', 'v', 1000, (first as { fence: string }).fence)).toBe(false);
    expect(await tier.read('a', 1000)).toMatchObject({ kind: 'miss', leader: true });
  });

  it('a flush loses all', async () => {
    const tier = memoryTier();
    const read = await tier.read('a', 1000);
    const versions = await tier.versions(['t'], 1000);
    tier.flush();
    expect(await tier.fill('a', 'v', 1000, (read as { fence: string }).fence)).toBe(false);
    expect(await tier.versions(['t'], 1000)).not.toEqual(versions);
  });

  it('refuses what it cannot be', () => {
    expect(() => memoryTier({ max: 0 })).toThrow(/max must be/);
    expect(() => memoryTier({ fenceMs: -1 })).toThrow(/fenceMs must be .* got -1/);
    expect(() => memoryTier({ clock: {} as never })).toThrow(/clock must be/);
    expect(() => memoryTier({ random: 1 as never })).toThrow(/random must be/);
  });
});

describe('a bus in memory', () => {
  const message: Invalidation = { v: 1, sender: 'a', seq: 1, keys: ['k'] };

  it('every subscriber hears every message until it leaves, even if another throws', async () => {
    const bus = memoryBus();
    const heard: string[] = [];
    const leave = bus.subscribe(
      () => {
        heard.push('first');
        throw new Error('first');
      },
      () => undefined,
    );
    bus.subscribe(
      () => heard.push('second'),
      () => undefined,
    );
    await expect(bus.publish(message)).rejects.toThrow('first');
    leave();
    await bus.publish(message);
    expect(heard).toEqual(['first', 'second', 'second']);
  });
});
