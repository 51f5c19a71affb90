/**
 * What a cache may be told, and the refusal of everything else.
 *
 * `cacheSettings` is the only reader of `LruCacheOptions`: it answers a record in which every default is filled in and
 * every number is in range, or throws a TypeError or RangeError that names the option, the value and the range. Nothing
 * is attached or allocated before all of it is found good.
 */
import {
  MAX_ENTRIES,
  requireFunction,
  requireMax,
  requireMethods,
  requireNumber,
  requireObject,
  requireTtl,
} from './check.ts';
import { systemClock, systemRandom } from './environment.ts';
import type { CacheObserver, Clock, Expirer, LruCacheOptions, Policy, RemovalReason } from './types.ts';

/** The options of a cache, checked and complete; a `SlotStore` takes what is its own. */
export interface CacheSettings<K, V> {
  readonly max: number;
  /** Infinity = none. */
  readonly maxWeight: number;
  /** A heavier value is not stored; at most `maxWeight`. */
  readonly maxEntryWeight: number;
  readonly weigh: ((value: V, key: K) => number) | undefined;
  /** Infinity = never expires. */
  readonly ttl: number;
  readonly sliding: boolean;
  readonly jitter: number;
  readonly policy: Policy | undefined;
  readonly expirer: Expirer | undefined;
  readonly initialCapacity: number;
  readonly onRemove: ((value: V, key: K, reason: RemovalReason) => void) | undefined;
  readonly observer: CacheObserver<K> | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Of the hashes. */
  readonly seed: number;
}

export function cacheSettings<K, V>(options: LruCacheOptions<K, V> | number): CacheSettings<K, V> {
  const o: LruCacheOptions<K, V> = typeof options === 'number' ? { max: options } : requireObject('options', options);
  if (o.max === undefined && o.maxWeight === undefined) {
    throw new TypeError('max or maxWeight is required; got neither');
  }
  const max = o.max === undefined ? MAX_ENTRIES : requireMax(o.max);
  const maxWeight = o.maxWeight === undefined ? Infinity : requirePositive('maxWeight', o.maxWeight);
  const heaviest = o.maxEntryWeight === undefined ? maxWeight : requirePositive('maxEntryWeight', o.maxEntryWeight);
  const ttl = o.ttl === undefined ? Infinity : requireTtl('ttl', o.ttl);
  const jitter = requireNumber('ttlJitter', o.ttlJitter ?? 0, 'in 0..1', (n) => n >= 0 && n <= 1);
  const from: unknown = o.ttlFrom ?? 'write';
  if (from !== 'write' && from !== 'access') {
    throw new TypeError(`ttlFrom must be 'write' or 'access'; got ${String(from)}`);
  }
  const initialCapacity =
    o.initialCapacity === undefined
      ? Math.min(16, max)
      : requireNumber(
          'initialCapacity',
          o.initialCapacity,
          `an integer in 1..${String(max)}, the bound on entries`,
          (n) => Number.isInteger(n) && n >= 1 && n <= max,
        );
  const policy = requireMethods('policy', o.policy, policyMethods);
  if (policy?.needsMax === true && o.max === undefined) {
    throw new TypeError(`max is required by policy ${policy.name}, whose targets are parts of it; got undefined`);
  }
  const random = requireFunction('random', o.random) ?? systemRandom;
  return {
    max,
    maxWeight,
    maxEntryWeight: Math.min(maxWeight, heaviest),
    weigh: requireFunction('weigh', o.weigh),
    ttl,
    sliding: from === 'access',
    jitter,
    policy,
    expirer: requireMethods('expirer', o.expirer, ['attach', 'schedule', 'cancel', 'grow']),
    initialCapacity,
    onRemove: requireFunction('onRemove', o.onRemove),
    observer: requireObserver(o.observer),
    clock: requireMethods('clock', o.clock, ['now']) ?? systemClock,
    random,
    seed: (random() * 2 ** 32) | 0,
  };
}

const policyMethods = ['attach', 'grow', 'reset', 'resize', 'insert', 'hit', 'remove', 'evict'] as const;

function requirePositive(name: string, value: unknown): number {
  return requireNumber(name, value, 'finite and above 0', (n) => n > 0 && Number.isFinite(n));
}

function requireObserver<K>(observer: CacheObserver<K> | undefined): CacheObserver<K> | undefined {
  if (observer === undefined) return undefined;
  const hooks: Partial<Record<string, unknown>> = { ...requireObject('observer', observer) };
  for (const hook of ['miss', 'remove', 'loadStart', 'loadEnd']) requireFunction(`observer.${hook}`, hooks[hook]);
  return observer;
}
