/**
 * Refusals: what a caller may configure, said in one place.
 *
 * A wrong type is a TypeError, a right type out of range a RangeError; both name the option, the
 * value given and the range allowed. `max: '10'` is refused rather than coerced: a bound that
 * compares as a string never evicts, and the process pays for it weeks later.
 */
export const MAX_ENTRIES: number = 2 ** 26;

export function requireNumber(
  name: string,
  value: unknown,
  allowed: string,
  accepts: (value: number) => boolean,
): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, ${allowed}; got ${typeof value} ${String(value)}`);
  }
  if (!accepts(value)) throw new RangeError(`${name} must be ${allowed}; got ${String(value)}`);
  return value;
}

export function requireMax(value: unknown): number {
  return requireNumber(
    'max',
    value,
    'an integer in 1..67108864',
    (n) => Number.isInteger(n) && n >= 1 && n <= MAX_ENTRIES,
  );
}

export function requireTtl(name: string, value: unknown): number {
  return requireNumber(name, value, 'above 0 (Infinity = never expires)', (n) => n > 0);
}

export function requireDuration(name: string, value: unknown): number {
  return requireNumber(name, value, 'finite and at least 0', (n) => n >= 0 && Number.isFinite(n));
}

export function requireCount(name: string, value: unknown): number {
  return requireNumber(name, value, 'an integer of at least 0', (n) => Number.isInteger(n) && n >= 0);
}

/** `value` if it is a function or undefined. */
export function requireFunction<F>(name: string, value: F): F {
  if (value !== undefined && typeof value !== 'function') {
    throw new TypeError(`${name} must be a function; got ${typeof value}`);
  }
  return value;
}

/** `value` if it is an object. */
export function requireObject<T extends object>(name: string, value: T): T {
  const given: unknown = value;
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${name} must be an object; got ${given === null ? 'null' : typeof given}`);
  }
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

export function requireWeight(name: string, value: unknown): number {
  return requireNumber(name, value, 'finite and at least 0', (n) => n >= 0 && Number.isFinite(n));
}

/** The weight of a value: the one given, else what `weigh` says, else 1. */
export function weightOf<K, V>(
  given: number | undefined,
  weigh: ((value: V, key: K) => number) | undefined,
  value: V,
  key: K,
): number {
  if (given !== undefined) return requireWeight('weight', given);
  return weigh === undefined ? 1 : requireWeight('weight', weigh(value, key));
}
