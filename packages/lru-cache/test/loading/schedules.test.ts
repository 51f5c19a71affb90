/**
 * Every schedule of a few steps, and many random ones of thirty, against the laws of `world.ts`.
 *
 * The walk over all schedules goes depth first; a schedule is replayed from the start in a world of its own, since no
 * cache can be wound back. Steps that would change nothing are left out, and the first key that anything happens to is
 * called `a`: what remains is every schedule that can differ.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LoadingCache } from '../../src/index.ts';
import { naiveReadThrough } from './naive.ts';
import { type Make, type Setting, Violation, World, steps } from './world.ts';

const nightly = process.env['NIGHTLY'] === '1';
const make: Make = (options) => new LoadingCache(options);

const bare: Setting = { name: 'time limit', options: { timeoutMs: 5 } };
const settings: readonly Setting[] = [
  bare,
  { name: 'obedient loaders', options: {}, obedient: true },
  { name: 'one at a time, one may wait', options: { maxConcurrentLoads: 1, maxQueuedLoads: 1 } },
  { name: 'absence and failure remembered', options: { absentTtlMs: 10, errorTtlMs: 10, ttl: 10 } },
];
const timed: readonly Setting[] = [
  ...settings,
  {
    name: 'stale windows',
    options: { ttl: 10, staleWhileRevalidateMs: 5, staleIfErrorMs: 20, softTimeoutMs: 3, timeoutMs: 8 },
    behind: true,
  },
  {
    name: 'everything',
    options: {
      ...{ ttl: 10, staleWhileRevalidateMs: 5, staleIfErrorMs: 30, softTimeoutMs: 3, timeoutMs: 8 },
      ...{ absentTtlMs: 9, errorTtlMs: 13, refreshAhead: 0.5, maxConcurrentLoads: 1, maxQueuedLoads: 1 },
    },
    obedient: true,
    behind: true,
  },
  {
    name: 'eager, jittered',
    options: { ttl: 20, ttlJitter: 0.5, xfetchBeta: 2, staleWhileRevalidateMs: 8, errorTtlMs: 30 },
    obedient: true,
    behind: true,
  },
];

async function replay(subject: Make, setting: Setting, schedule: readonly string[]): Promise<World> {
  const world = new World(subject, setting);
  for (const step of schedule) {
    const turned = world.take(step);
    if (turned !== undefined) await turned;
  }
  return world;
}

/** Runs every schedule of up to `depth` steps; returns how many there are. */
async function exhaust(setting: Setting, depth: number): Promise<number> {
  let count = 0;
  const extend = async (prefix: readonly string[]): Promise<void> => {
    count++;
    try {
      const world = await replay(make, setting, prefix);
      const next = prefix.length === depth ? [] : steps.filter((step) => world.enabled(step));
      await world.finish();
      const both = prefix.some((step) => step.endsWith(' a'));
      for (const step of next) if (both || !step.endsWith(' b')) await extend([...prefix, step]);
    } catch (error) {
      if (error instanceof Violation && !error.message.includes(' after: ')) {
        throw new Violation(`${error.message} after: ${prefix.join(', ')} (${setting.name})`);
      }
      throw error;
    }
  };
  await extend([]);
  return count;
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One random schedule of `length` steps; the message of the law it breaks, if it breaks one. */
async function wander(
  subject: Make,
  seed: number,
  length: number,
  among: readonly Setting[],
): Promise<string | undefined> {
  const random = seeded(seed);
  const setting = among[Math.floor(random() * among.length)] ?? bare;
  const world = new World((options) => subject({ random, ...options }), setting);
  const taken: string[] = [];
  try {
    for (let i = 0; i < length; i++) {
      let step = 'fetch a';
      for (let attempt = 0; attempt < 50; attempt++) {
        const drawn = steps[Math.floor(random() * steps.length)] ?? step;
        if (!world.enabled(drawn)) continue;
        step = drawn;
        break;
      }
      taken.push(step);
      await world.take(step);
    }
    await world.finish();
    return undefined;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return `${error.message} (seed ${String(seed)}, ${setting.name}) after: ${taken.join(', ')}`;
  }
}

const unhandled: unknown[] = [];
const note = (error: unknown): unknown => unhandled.push(error);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));

describe('every schedule of fetches, writes, evictions, ends of loads, departures and time limits over two keys', () => {
  for (const setting of settings) {
    it(
      `settles each fetch once, with nothing that is out of date: ${setting.name}`,
      { timeout: 3_600_000 },
      async () => {
        const depth = nightly ? 6 : 4;
        const count = await exhaust(setting, depth);
        if (nightly) console.log(`${setting.name}: ${String(count)} schedules of up to ${String(depth)} steps`);
        expect(count).toBeGreaterThan(1000);
        expect(unhandled).toEqual([]);
      },
    );
  }
});

describe('random schedules of thirty steps, with time passing', () => {
  const runs = nightly ? 100_000 : 4000;
  const first = nightly ? Math.floor(Math.random() * 2 ** 31) : 1;

  it('break no law', { timeout: 3_600_000 }, async () => {
    for (let seed = first; seed < first + runs; seed++) expect(await wander(make, seed, 30, timed)).toBeUndefined();
    if (nightly) console.log(`${String(runs)} random schedules from seed ${String(first)}: no law broken`);
    expect(unhandled).toEqual([]);
  });

  it('find the naive read-through out', async () => {
    let stale = 0;
    for (let seed = 1; seed <= 500; seed++) {
      const broken = await wander(naiveReadThrough, seed, 30, [{ name: 'naive', options: {} }]);
      if (broken?.startsWith('stale') === true) stale++;
    }
    expect(stale).toBeGreaterThan(100);
  });
});
