import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { World, type WorldOptions } from './world.ts';

const nightly = process.env['NIGHTLY'] === '1';
const numRuns = nightly ? 10_000 : 300;
const busDelayMs = 150;
const heartbeatMs = 1000;
const maxConcurrentLoads = 2;
/** Of a message lost or a bus cut: the longest line of the table in tiered-cache.ts. */
const boundMs = 2 * heartbeatMs + busDelayMs;

type Cache = WorldOptions['cache'];

/** Seven seconds in which everybody reads, somebody writes and anything breaks. */
async function sevenSeconds(
  seed: number,
  cache: Partial<Cache> = {},
  more: Partial<WorldOptions> = {},
): Promise<World> {
  const world = new World({
    seed,
    boundMs,
    busDelayMs,
    ...more,
    cache: {
      max: 100,
      l1Ttl: 60_000,
      l2Ttl: 120_000,
      heartbeatMs,
      disconnectedTtlMs: 1000,
      leaseMs: 1000,
      leaseWaitMs: 250,
      tierTimeoutMs: 1000,
      maxConcurrentLoads,
      absentTtlMs: seed % 2 === 0 ? 0 : 5000,
      ...cache,
    },
  });
  // What is read is mostly what has been written, so that there is something to get wrong.
  let hot = 'k0';
  const act = (): void => {
    const { awake, alive } = world;
    if (awake.length > 0) {
      const process = world.any(awake);
      const roll = world.random();
      if (roll < 0.78) world.fetch(process, world.random() < 0.6 ? hot : world.anyKey());
      else if (roll < 0.95) {
        const key = world.anyKey();
        if (world.random() < 0.5) hot = key;
        void (world.random() < 0.2 && World.tagOf(key).length > 0
          ? world.changeTag(process, 'even')
          : world.change(process, key, world.random() < 0.3 ? 'set' : 'delete'));
      }
    }
    if (world.chance(0.04))
      world.cut(world.any(alive), world.upTo(world.random() < 0.5 ? 600 : 10_000), world.random() < 0.5);
    if (world.chance(0.01)) world.pause(world.any(alive), world.upTo(4000));
    if (world.chance(0.02)) world.flush();
    if (world.chance(0.01)) world.tierDown(world.upTo(2000));
    if (world.chance(0.005)) world.kill(world.any(alive));
    world.after(world.upTo(130), act);
  };
  world.after(0, act);
  await world.run(7000);
  return world;
}

describe('staleness', () => {
  it(`stays below its bound in ${String(numRuns)} worlds where anything fails`, { timeout: 3_600_000 }, async () => {
    const sums: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const world = await sevenSeconds(seed);
        expect(world.violations).toEqual([]);
        // No fetch rejects because of tier or bus.
        expect(world.surprises).toEqual([]);
        expect(world.loadsPeak).toBeLessThanOrEqual(maxConcurrentLoads);
        for (const [name, count] of Object.entries(world.counts)) sums[name] = (sums[name] ?? 0) + count;
      }),
      // The same worlds each day, so that nobody's change fails for what it did not do; other ones each night.
      nightly ? { numRuns } : { numRuns, seed: 1 },
    );
    if (nightly) console.log(`${String(numRuns)} worlds: ${JSON.stringify(sums)}`);
    // The law was put to the test: most reads were owed something, and every kind of fault occurred.
    expect(sums['owing']).toBeGreaterThan(10 * numRuns);
    for (const fault of ['rejectedChanges', 'failedLoads', 'flushes', 'cuts', 'deaths']) {
      expect(sums[fault], fault).toBeGreaterThan(numRuns / 10);
    }
  });

  /** Worlds with a violation among the first few hundred; three are enough. */
  const broken = async (cache: Partial<Cache>, more: Partial<WorldOptions> = {}): Promise<number> => {
    let worlds = 0;
    for (let seed = 1; seed <= 400 && worlds < 3; seed++) {
      if ((await sevenSeconds(seed, cache, more)).violations.length > 0) worlds++;
    }
    return worlds;
  };

  it('exceeds its bound without a heartbeat', async () => {
    expect(await broken({ heartbeatMs: 1e9 })).toBe(3);
  });

  it('exceeds its bound when a lost bus is no reason to ask again', async () => {
    expect(await broken({ disconnectedTtlMs: 1e9 })).toBe(3);
  });

  it('exceeds half of its bound, so that the bound is not loose', async () => {
    expect(await broken({}, { boundMs: boundMs / 2 })).toBe(3);
  });

  it('without faults is no longer than a message takes', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = await sevenSeconds(seed, {}, { faults: 0, boundMs: busDelayMs });
      expect(world.violations).toEqual([]);
      expect(world.counts.rejectedChanges).toBe(0);
      expect(world.counts.owing).toBeGreaterThan(10);
    }
  });
});
