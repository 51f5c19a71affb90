/**
 * Refusals: what a caller may configure, said in one place.
 *
 * A wrong type is a TypeError, a right type out of range a RangeError; both name the option, the value given and what
 * is allowed. Nothing is coerced: a `burst` of '20' would be added as text somewhere and compared as a number elsewhere.
 */
const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be an integer in ${min}..${max}; got ${typeof value} ${shown(value)}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer in ${min}..${max}; got ${shown(value)}`);
  }
  return value;
}

export function requireOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) {
    throw new TypeError(`${name} must be one of ${allowed.map(shown).join(', ')}; got ${shown(value)}`);
  }
  return found;
}

export function requireName(name: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_.-]{1,32}$/.test(value)) {
    throw new RangeError(`${name} must be 1 to 32 of A-Z a-z 0-9 _ . -; got ${shown(value)}`);
  }
  return value;
}
