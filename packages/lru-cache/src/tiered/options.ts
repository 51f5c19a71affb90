/**
 * What a TieredCache may be told, and the refusal of everything else.
 *
 * `tieredSettings` reads the options of the tiers, fills in the defaults and throws a TypeError or RangeError that names
 * option, value and range; those of the layer in this process are handed on to LoadingCache, which checks them itself.
 * All durations are milliseconds. Processes that share a tier must agree on `heartbeatMs`, `tags` and the format.
 */
import {
  requireCount,
  requireDelay,
  requireDuration,
  requireFunction,
  requireMethods,
  requireNumber,
} from '../check.ts';
import { exactClock, systemRandom, systemTimers } from '../environment.ts';
import type { LoadingCacheOptions, LoadingCacheStats } from '../loading/options.ts';
import type { Clock, Timers } from '../types.ts';
import type { InvalidationBus, RemoteTier } from './remote-tier.ts';

export interface TieredCacheOptions<V> extends Omit<LoadingCacheOptions<string, V>, 'ttl'> {
  readonly tier: RemoteTier;
  /** Without one, what another process has changed is noticed after `l1Ttl`. */
  readonly bus?: InvalidationBus;
  /** Lifetime in this process, above 0 and at most `l2Ttl`. */
  readonly l1Ttl: number;
  /** Lifetime in the tier, finite and at least 1. */
  readonly l2Ttl: number;
  /** How often this process sends itself a beat. Default 1000. The bus counts as lost after two without an answer. */
  readonly heartbeatMs?: number;
  /** How long a value may be used after it was asked for while the bus is lost. Default 1000. */
  readonly disconnectedTtlMs?: number;
  /** How long the leader of a load may take before somebody else loads as well. Default 5000. */
  readonly leaseMs?: number;
  /** How long to wait for the leader of a load. Default 250. */
  readonly leaseWaitMs?: number;
  /** Hard bound of one call to tier or bus, 1..2^31-1. Default 1000. */
  readonly tierTimeoutMs?: number;
  /** The tags of a key, always the same for the same key. */
  readonly tags?: (key: string) => readonly string[];
  /** Default JSON.stringify. */
  readonly encode?: (value: V) => string;
  /** Default JSON.parse. What it throws makes the text a miss. */
  readonly decode?: (text: string) => V;
  /** Begins the name under which this process speaks on the bus; the rest is random, so it need not be unique. */
  readonly nodeId?: string;
  /** Told why the tier or the bus did not do what it should. What it throws is dropped. */
  readonly onTierError?: (error: unknown) => void;
}

export interface TieredCacheStats {
  readonly l1: LoadingCacheStats;
  readonly l2Hits: number;
  readonly l2Misses: number;
  /** Calls to the tier that failed or came too late, and values that could not be encoded. */
  readonly l2Errors: number;
  /** Loads from the source. */
  readonly loads: number;
  /** Fills that came after a change of their key, or too late. */
  readonly fillsRefused: number;
  /** Loads that waited for another process. */
  readonly leaseWaits: number;
  /** True only with a bus that is known to work. */
  readonly busUp: boolean;
  readonly busErrors: number;
  /** How often the layer in this process was emptied because messages were, or may have been, missed. */
  readonly emptied: number;
}

export interface TieredSettings<V> {
  readonly tier: RemoteTier;
  readonly bus: InvalidationBus | undefined;
  readonly l1Ttl: number;
  readonly l2Ttl: number;
  readonly jitter: number;
  readonly absentTtlMs: number;
  readonly heartbeatMs: number;
  readonly disconnectedTtlMs: number;
  readonly leaseMs: number;
  readonly leaseWaitMs: number;
  readonly tierTimeoutMs: number;
  readonly timeoutMs: number | undefined;
  readonly maxConcurrentLoads: number;
  readonly maxQueuedLoads: number;
  readonly tags: ((key: string) => readonly string[]) | undefined;
  readonly encode: (value: V) => string;
  readonly decode: (text: string) => V;
  readonly nodeId: string;
  readonly onTierError: ((error: unknown) => void) | undefined;
  /** Never a coarse one: a process that was stopped must know it at its first read. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
}

export function tieredSettings<V>(o: TieredCacheOptions<V>): TieredSettings<V> {
  const tier = requireMethods('tier', o.tier, ['read', 'fill', 'remove']) as RemoteTier;
  const tags = requireFunction('tags', o.tags);
  if (tags !== undefined) requireMethods('tier', tier, ['versions', 'renew']);
  const l2Ttl = requireNumber('l2Ttl', o.l2Ttl, 'finite and at least 1', (n) => n >= 1 && n < Infinity);
  const l1Ttl = requireNumber(
    'l1Ttl',
    o.l1Ttl,
    `above 0 and at most l2Ttl = ${String(l2Ttl)}`,
    (n) => n > 0 && n <= l2Ttl,
  );
  const { timeoutMs } = o;
  if (timeoutMs !== undefined) {
    const allowed = `at least 1 and below the tier's fenceMs = ${String(tier.fenceMs)}, or loads that long cannot fill`;
    requireNumber('timeoutMs', timeoutMs, allowed, (n) => n >= 1 && n < tier.fenceMs);
  }
  return {
    tier,
    bus: requireMethods('bus', o.bus, ['publish', 'subscribe']),
    l1Ttl,
    l2Ttl,
    jitter: o.ttlJitter ?? 0,
    absentTtlMs: requireDuration('absentTtlMs', o.absentTtlMs ?? 0),
    heartbeatMs: requireDelay('heartbeatMs', o.heartbeatMs ?? 1000),
    disconnectedTtlMs: requireDuration('disconnectedTtlMs', o.disconnectedTtlMs ?? 1000),
    leaseMs: requireDelay('leaseMs', o.leaseMs ?? 5000),
    leaseWaitMs: o.leaseWaitMs === 0 ? 0 : requireDelay('leaseWaitMs', o.leaseWaitMs ?? 250),
    tierTimeoutMs: requireDelay('tierTimeoutMs', o.tierTimeoutMs ?? 1000),
    timeoutMs,
    maxConcurrentLoads: requireNumber(
      'maxConcurrentLoads',
      o.maxConcurrentLoads ?? Infinity,
      'an integer of at least 1, or Infinity',
      (n) => n === Infinity || (Number.isInteger(n) && n >= 1),
    ),
    maxQueuedLoads: requireCount('maxQueuedLoads', o.maxQueuedLoads ?? 1000),
    tags,
    encode: textual(requireFunction('encode', o.encode) ?? ((value) => JSON.stringify(value))),
    decode: requireFunction('decode', o.decode) ?? ((text) => JSON.parse(text) as V),
    nodeId: o.nodeId ?? '',
    onTierError: requireFunction('onTierError', o.onTierError),
    clock: requireMethods('clock', o.clock, ['now']) ?? exactClock,
    timers: requireMethods('timers', o.timers, ['set', 'clear']) ?? systemTimers,
    random: requireFunction('random', o.random) ?? systemRandom,
  };
}

/** JSON.stringify answers undefined to a symbol or a function, which would be stored as "there is none". */
function textual<V>(encode: (value: V) => unknown): (value: V) => string {
  return (value) => {
    const text = encode(value);
    if (typeof text !== 'string') throw new TypeError(`encode must answer a string; got ${typeof text}`);
    return text;
  };
}
