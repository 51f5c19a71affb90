/**
 * How an app reads an item: through both levels, through one of them, or from the database.
 *
 * The four ways answer the same question with the same trace, so that a switch changes what is asked and not what is
 * counted. What is asked of the second level or the database goes into the trace of the read that began the load of this
 * item: there is one at a time. (An asynchronous context would not do: a load that had to wait for its turn runs in that
 * of whoever made room.) A caller that joined a load has asked nobody, and its trace says so.
 */
import { LoadingCache } from '@loadbearing/lru-cache';
import { TieredCache, type InvalidationBus, type RemoteTier } from '@loadbearing/lru-cache/tiered';
import type { Item } from '../database/items.ts';
import type { AppSettings } from './settings.ts';

/** What one read met on its way. Durations are milliseconds. */
export interface Trace {
  l1: 'off' | 'hit' | 'miss' | 'joined';
  l2: 'not asked' | 'hit' | 'miss' | 'error';
  l2Ms: number;
  /** Asked the database itself. */
  isLoaded: boolean;
  dbMs: number;
}

export interface Levels {
  /** undefined = no such item. */
  fetch(id: number): Promise<{ readonly item: Item | undefined; readonly trace: Trace }>;
  /** The source was written: nobody may be shown the old value longer than the staleness bound. */
  invalidate(id: number): Promise<void>;
  counts(): LevelCounts;
  close(): Promise<void>;
}

export interface LevelCounts {
  readonly loadFailures: number;
  readonly staleServed: number;
  readonly joined: number;
  readonly busUp: boolean;
}

export interface Sources {
  readonly load: (id: number) => Promise<Item | undefined>;
  readonly tier: RemoteTier;
  readonly bus: InvalidationBus;
}

const timeoutMs = 10_000;
const leaseWaitMs = 5000;
const none: LevelCounts = { loadFailures: 0, staleServed: 0, joined: 0, busUp: false };
const keyOf = (id: number): string => `item:${id}`;
const idOf = (key: string): number => Number(key.slice(5));
/** Exact: what is measured here in milliseconds must not depend on a coarse clock. */
const clock = { now: () => performance.now() };

export function openLevels(settings: AppSettings, { load, tier, bus }: Sources): Levels {
  /** Of the reads that may be loading, by item. */
  const traces = new Map<number, Trace>();
  const loadTraced = async (id: number): Promise<Item | undefined> => {
    const trace = traces.get(id);
    const beganMs = performance.now();
    if (trace !== undefined) trace.isLoaded = true;
    try {
      return await load(id);
    } finally {
      if (trace !== undefined) trace.dbMs = performance.now() - beganMs;
    }
  };
  const tracedTier: RemoteTier = {
    ...tier,
    read: async (key, leaseMs, unlike) => {
      const trace = traces.get(idOf(key));
      const beganMs = performance.now();
      try {
        const read = await tier.read(key, leaseMs, unlike);
        if (trace !== undefined) trace.l2 = read.kind;
        return read;
      } catch (error) {
        if (trace !== undefined) trace.l2 = 'error';
        throw error;
      } finally {
        if (trace !== undefined) trace.l2Ms += performance.now() - beganMs;
      }
    },
  };
  const inner = settings.l1
    ? settings.l2
      ? bothLevels(settings, loadTraced, tracedTier, bus)
      : firstLevel(settings, loadTraced)
    : settings.l2
      ? secondLevel(settings, loadTraced, tracedTier)
      : { fetch: loadTraced, invalidate: async () => undefined, counts: () => none, close: async () => undefined };
  return {
    fetch: async (id) => {
      const trace: Trace = { l1: settings.l1 ? 'hit' : 'off', l2: 'not asked', l2Ms: 0, isLoaded: false, dbMs: 0 };
      const joined = inner.counts().joined;
      const loading = traces.get(id);
      traces.set(id, trace);
      const pending = inner.fetch(id);
      // Whether it joined is decided before `fetch` returns.
      const hasJoined = inner.counts().joined > joined;
      if (hasJoined && loading !== undefined) traces.set(id, loading);
      let item: Item | undefined;
      try {
        item = await pending;
      } finally {
        if (traces.get(id) === trace) traces.delete(id);
      }
      if (settings.l1) trace.l1 = hasJoined ? 'joined' : trace.isLoaded || trace.l2 !== 'not asked' ? 'miss' : 'hit';
      return { item, trace };
    },
    invalidate: (id) => inner.invalidate(id),
    counts: () => inner.counts(),
    close: () => inner.close(),
  };
}

interface Inner {
  fetch(id: number): Promise<Item | undefined>;
  invalidate(id: number): Promise<void>;
  counts(): LevelCounts;
  close(): Promise<void>;
}

type Load = (id: number) => Promise<Item | undefined>;

const limits = (settings: AppSettings) => ({
  max: settings.l1Max,
  absentTtlMs: settings.absentTtlMs,
  staleIfErrorMs: settings.staleIfErrorMs,
  maxConcurrentLoads: settings.maxConcurrentLoads ?? Infinity,
  maxQueuedLoads: 10_000,
  timeoutMs,
  clock,
});

function bothLevels(settings: AppSettings, load: Load, tier: RemoteTier, bus: InvalidationBus): Inner {
  const cache = new TieredCache<Item>({
    ...limits(settings),
    tier,
    ...(settings.bus ? { bus } : {}),
    l1Ttl: settings.l1TtlMs,
    l2Ttl: settings.l2TtlMs,
    heartbeatMs: settings.heartbeatMs,
    disconnectedTtlMs: settings.disconnectedTtlMs,
    leaseWaitMs,
    load: (key) => load(idOf(key)),
  });
  return {
    fetch: (id) => cache.fetch(keyOf(id)),
    invalidate: (id) => cache.delete(keyOf(id)),
    counts: () => {
      const { l1, busUp } = cache.stats();
      return { loadFailures: l1.loadFailures, staleServed: l1.staleServed, joined: l1.joined, busUp };
    },
    close: () => cache.close(),
  };
}

function firstLevel(settings: AppSettings, load: Load): Inner {
  const cache = new LoadingCache<number, Item>({ ...limits(settings), ttl: settings.l1TtlMs, load: (id) => load(id) });
  return {
    fetch: (id) => cache.fetch(id),
    invalidate: async (id) => void cache.delete(id),
    counts: () => {
      const { loadFailures, staleServed, joined } = cache.stats();
      return { loadFailures, staleServed, joined, busUp: false };
    },
    close: async () => undefined,
  };
}

/** Read-through with the fence, and nothing kept here. Without the second level it asks the database. */
function secondLevel(settings: AppSettings, load: Load, tier: RemoteTier): Inner {
  return {
    fetch: async (id) => {
      const read = await tier.read(keyOf(id), 1).catch(() => undefined);
      if (read?.kind === 'hit') return JSON.parse(read.value) as Item;
      const item = await load(id);
      if (item !== undefined && read !== undefined) {
        await tier.fill(keyOf(id), JSON.stringify(item), settings.l2TtlMs, read.fence).catch(() => false);
      }
      return item;
    },
    invalidate: (id) => tier.remove([keyOf(id)]),
    counts: () => none,
    close: async () => undefined,
  };
}
