/**
 * What a cache may be told, and the refusal of everything else.
 *
 * `cacheSettings` is the only reader of `LruCacheOptions`: it answers a record in which every default is filled in and
 * every number is in range, or throws a TypeError or RangeError that names the option, the value and the range. Nothing
 * is attached or allocated before all of it is found good.
 */
import {
  MAX_ENTRIES,
  refuse,
  requireFunction,
  requireInteger,
  requireMax,
  requireMethods,
  requireObject,
  requirePositive,
  requireTtl,
  requireWithin,
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
}

export function cacheSettings<K, V>(options: LruCacheOptions<K, V> | number): CacheSettings<K, V> {
  const o: LruCacheOptions<K, V> = typeof options === 'number' ? { max: options } : requireObject('options', options);
  if (o.max === undefined && o.maxWeight === undefined) {
    throw new TypeError('max or maxWeight is required; got neither');
  }
  const { max = MAX_ENTRIES, ttl = Infinity, ttlJitter = 0, ttlFrom = 'write', observer } = o;
  requireMax(max);
  const { initialCapacity = Math.min(16, max) } = o;
  const maxWeight = o.maxWeight === undefined ? Infinity : requirePositive('maxWeight', o.maxWeight);
  const heaviest = o.maxEntryWeight === undefined ? maxWeight : requirePositive('maxEntryWeight', o.maxEntryWeight);
  const from: unknown = ttlFrom;
  if (from !== 'write' && from !== 'access') refuse('ttlFrom', "'write' or 'access'", String(from));
  const policy = requireMethods('policy', o.policy, policyMethods);
  if (policy?.needsMax === true && o.max === undefined) {
    throw new TypeError(`max is required by policy ${policy.name}, whose targets are parts of it; got undefined`);
  }
  const hooks: Partial<Record<string, unknown>> =
    observer === undefined ? {} : { ...requireObject('observer', observer) };
  for (const hook of ['miss', 'remove', 'loadStart', 'loadEnd']) requireFunction(`observer.${hook}`, hooks[hook]);
  return {
    max,
    maxWeight,
    maxEntryWeight: Math.min(maxWeight, heaviest),
    weigh: requireFunction('weigh', o.weigh),
    ttl: requireTtl('ttl', ttl),
    sliding: ttlFrom === 'access',
    jitter: requireWithin('ttlJitter', ttlJitter, 0, 1),
    policy,
    expirer: requireMethods('expirer', o.expirer, ['attach', 'schedule', 'cancel', 'grow']),
    initialCapacity: requireInteger('initialCapacity', initialCapacity, 1, max, ', the bound on entries'),
    onRemove: requireFunction('onRemove', o.onRemove),
    observer,
    clock: requireMethods('clock', o.clock, ['now']) ?? systemClock,
    random: requireFunction('random', o.random) ?? systemRandom,
  };
}

const policyMethods = ['attach', 'grow', 'reset', 'resize', 'insert', 'hit', 'remove', 'evict'] as const;
