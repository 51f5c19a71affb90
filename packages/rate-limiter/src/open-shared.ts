/** A limiter on a store elsewhere, put together from its options: checked first, so that nothing is bound in vain. */
import { requireInteger } from './check.ts';
import { systemClock } from './environment.ts';
import { GuardedStore } from './guarded-store.ts';
import { InProcessLimiter } from './in-process-limiter.ts';
import { defaultStore } from './default-store.ts';
import { Leases } from './lease.ts';
import type { Limiter, SharedLimiterOptions, SyncLimiter } from './limiter.ts';
import type { Settings } from './settings.ts';
import { SharedLimiter } from './shared-limiter.ts';
import { ConstantStandIn, LocalStandIn, type StandIn } from './stand-in.ts';
import { specFor } from './store.ts';
import { Waiters } from './waiter.ts';

const DEADLINE_MAX_MS = 60_000;
const AGE_MAX_MS = 3_600_000;
const UNITS_MAX = 2 ** 31;

interface SharedSettings {
  readonly deadlineMs: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly lease: { readonly units: number; readonly maxAgeMs: number } | undefined;
  readonly onStoreError: NonNullable<SharedLimiterOptions['onStoreError']>;
}

/** @throws {TypeError | RangeError} naming the option, the value given and what is allowed */
export function openShared(settings: Settings, options: SharedLimiterOptions): Limiter {
  const { name, limits, timers, emit } = settings;
  const { deadlineMs, openMs, maxOpenMs, lease, onStoreError } = sharedSettings(options);
  const clock = settings.clock ?? systemClock;
  // A wall clock that is set back must not make a caller hang; only where time itself is injected is it another.
  const guardClock = options.timers === undefined ? systemClock : clock;
  const self = {};
  const store = options.store.bind(specFor(name, limits, clock));
  const guard = new GuardedStore(store, {
    ...{ name, limits: limits.length, deadlineMs, openMs, maxOpenMs },
    ...{ clock: guardClock, timers, emit },
  });
  return new SharedLimiter({
    ...{ name, limits, store, guard, self },
    standIn: standInFor(onStoreError, self, settings, () => guard.retryAfterMs),
    leases: lease && new Leases(lease, self, guardClock),
    waiters: new Waiters(guardClock, timers),
    clock: guardClock,
  });
}

function standInFor(
  onStoreError: SharedSettings['onStoreError'],
  self: object,
  settings: Settings,
  retryAfterMs: () => number,
): StandIn {
  const { limits } = settings;
  const now = settings.clock ?? systemClock;
  if (onStoreError === 'open' || onStoreError === 'closed') {
    return new ConstantStandIn(limits, onStoreError, now, retryAfterMs);
  }
  if (onStoreError === 'local') {
    return new LocalStandIn(self, limits, () => new InProcessLimiter(settings, defaultStore(limits)));
  }
  return new LocalStandIn(self, onStoreError.limits, () => onStoreError);
}

function sharedSettings(options: SharedLimiterOptions): SharedSettings {
  const { deadlineMs = 50, breaker = {}, lease, onStoreError = 'local' } = options;
  requireObject('breaker', breaker);
  const openMs = requireInteger('breaker.openMs', breaker.openMs ?? 250, 1, AGE_MAX_MS);
  const maxOpenMs = requireInteger(
    'breaker.maxOpenMs',
    breaker.maxOpenMs ?? Math.max(5000, openMs),
    openMs,
    AGE_MAX_MS,
  );
  if (lease !== undefined) {
    requireObject('lease', lease);
    requireInteger('lease.units', lease.units, 2, UNITS_MAX);
    requireInteger('lease.maxAgeMs', lease.maxAgeMs, 1, AGE_MAX_MS);
  }
  return {
    deadlineMs: requireInteger('deadlineMs', deadlineMs, 1, DEADLINE_MAX_MS),
    ...{ openMs, maxOpenMs, lease },
    onStoreError: requireStandIn(onStoreError),
  };
}

function requireStandIn(onStoreError: SharedSettings['onStoreError']): SharedSettings['onStoreError'] {
  const given: unknown = onStoreError;
  if (given === 'local' || given === 'open' || given === 'closed') return given;
  const { takeSync, limits } = (given ?? {}) as Partial<Record<keyof SyncLimiter, unknown>>;
  if (typeof takeSync !== 'function' || !Array.isArray(limits)) {
    const shown = typeof given === 'string' ? `"${given}"` : typeof given;
    throw new TypeError(`onStoreError must be 'local', 'open', 'closed' or a limiter in this process; got ${shown}`);
  }
  return onStoreError;
}

function requireObject(name: string, given: unknown): void {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${name} must be an object; got ${given === null ? 'null' : typeof given}`);
  }
}
