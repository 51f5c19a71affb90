/** Refusals of numbers that need not be whole. */

/** @throws {TypeError | RangeError} unless `value` is a number in min..max, both included */
export function requireNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number in ${min}..${max}; got ${typeof value} ${String(value)}`);
  }
  if (!(value >= min && value <= max)) {
    throw new RangeError(`${name} must be a number in ${min}..${max}; got ${value}`);
  }
  return value;
}
