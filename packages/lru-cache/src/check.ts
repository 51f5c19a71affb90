/**
 * Refusals: what a caller may configure, said in one place and in one form of words.
 *
 * A wrong type is a TypeError, a right type out of range a RangeError; both name the option, the
 * value given and the range allowed. `max: '10'` is refused rather than coerced: a bound that
 * compares as a string never evicts, and the process pays for it weeks later.
 */
export const MAX_ENTRIES: number = 2 ** 26;

export function refuse(name: string, allowed: string, got: string, Fault: ErrorConstructor = TypeError): never {
  throw new Fault(`${name} must be ${allowed}; got ${got}`);
}

export function requireNumber(
  name: string,
  value: unknown,
  allowed: string,
  accepts: (value: number) => boolean,
): number {
  if (typeof value !== 'number') refuse(name, `a number, ${allowed}`, `${typeof value} ${String(value)}`);
  if (!accepts(value)) refuse(name, allowed, String(value), RangeError);
  return value;
}

/** An integer in least..most; `which` says what the bounds are. */
export function requireInteger(name: string, value: unknown, least: number, most: number, which = ''): number {
  const allowed = `an integer in ${String(least)}..${String(most)}${which}`;
  return requireNumber(name, value, allowed, (n) => Number.isInteger(n) && n >= least && n <= most);
}

/** In least..most, both included. */
export function requireWithin(name: string, value: unknown, least: number, most: number): number {
  return requireNumber(name, value, `in ${String(least)}..${String(most)}`, (n) => n >= least && n <= most);
}

export function requireMax(value: unknown): number {
  return requireInteger('max', value, 1, MAX_ENTRIES);
}

export function requireTtl(name: string, value: unknown): number {
  return requireNumber(name, value, 'above 0 (Infinity = never expires)', (n) => n > 0);
}

/** What a timer takes, in milliseconds; beyond 2^31-1 it would fire at once. */
export function requireDelay(name: string, value: unknown): number {
  return requireWithin(name, value, 1, 2 ** 31 - 1);
}

export function requirePositive(name: string, value: unknown): number {
  return requireNumber(name, value, 'finite and above 0', (n) => n > 0 && n < Infinity);
}

/** A duration or a weight. */
export function requireDuration(name: string, value: unknown): number {
  return requireNumber(name, value, 'finite and at least 0', (n) => n >= 0 && n < Infinity);
}

export function requireCount(name: string, value: unknown): number {
  return requireNumber(name, value, 'an integer of at least 0', (n) => Number.isInteger(n) && n >= 0);
}

/** `value` if it is a function or undefined. */
export function requireFunction<F>(name: string, value: F): F {
  if (value !== undefined && typeof value !== 'function') refuse(name, 'a function', typeof value);
  return value;
}

/** `value` if it is an object. */
export function requireObject<T extends object>(name: string, value: T): T {
  const given: unknown = value;
  if (typeof given !== 'object' || given === null) refuse(name, 'an object', given === null ? 'null' : typeof given);
  return value;
}

/** `value` if it is undefined or has these methods. */
export function requireMethods<T extends object>(
  name: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): T | undefined {
  if (value === undefined) return undefined;
  for (const method of methods) {
    if (typeof (value as Partial<T> | null)?.[method] !== 'function') {
      throw new TypeError(`${name} must be an object with the method ${method}`);
    }
  }
  return value;
}

/** The weight of a value: the one given, else what `weigh` says, else 1. */
export function weightOf<K, V>(
  given: number | undefined,
  weigh: ((value: V, key: K) => number) | undefined,
  value: V,
  key: K,
): number {
  return given === undefined && weigh === undefined ? 1 : requireDuration('weight', given ?? weigh?.(value, key));
}
