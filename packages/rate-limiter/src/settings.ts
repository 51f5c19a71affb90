/** What every limiter is made with, checked and with its defaults. */
import { requireName } from './check.ts';
import { systemTimers, type Clock, type Timers } from './environment.ts';
import type { CommonOptions, LimiterEvent } from './limiter.ts';
import type { Limit } from './limits.ts';
import { requireLimits } from './plan.ts';

export interface Settings {
  readonly name: string;
  readonly limits: readonly Limit[];
  /** Undefined: the store's or the system's. */
  readonly clock: Clock | undefined;
  readonly timers: Timers;
  readonly emit: ((event: LimiterEvent) => void) | undefined;
}

/** @throws {TypeError | RangeError} naming the option, the value given and what is allowed */
export function settingsFrom(options: CommonOptions): Settings {
  const { clock, timers = systemTimers, onEvent } = options;
  const limits = requireLimits(options.limits);
  const name = requireName('name', options.name ?? 'default');
  if (clock !== undefined) requireFunction('clock', clock, 'that returns milliseconds');
  const { set, clear } = timers as Partial<Record<keyof Timers, unknown>>;
  requireFunction('timers.set', set, 'like setTimeout');
  requireFunction('timers.clear', clear, 'like clearTimeout');
  if (onEvent !== undefined) requireFunction('onEvent', onEvent, 'of an event');
  return { name, limits, clock, timers, emit: onEvent && ((event) => tell(onEvent, event)) };
}

function requireFunction(name: string, given: unknown, what: string): void {
  if (typeof given !== 'function') throw new TypeError(`${name} must be a function ${what}; got ${typeof given}`);
}

/** A listener that throws must not decide about requests, nor go unnoticed. */
function tell(onEvent: (event: LimiterEvent) => void, event: LimiterEvent): void {
  try {
    onEvent(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
