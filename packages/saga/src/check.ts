/**
 * Refusals: what may be configured, said in one place.
 *
 * A wrong type is a TypeError, a right type out of range a RangeError; both name the option, the value given and
 * what is allowed. Nothing is coerced or clamped: a timeout of '30' that becomes NaN fires at once, months later.
 */
const show = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be an integer in ${min}..${max}; got ${typeof value} ${show(value)}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer in ${min}..${max}; got ${show(value)}`);
  }
  return value;
}

export function requireNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number in ${min}..${max}; got ${typeof value} ${show(value)}`);
  }
  if (!(value >= min && value <= max)) throw new RangeError(`${name} must be in ${min}..${max}; got ${show(value)}`);
  return value;
}

export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function; got ${show(value)}`);
}

export function requireText(name: string, value: unknown, charsMax: number): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string; got ${typeof value} ${show(value)}`);
  if (value.length === 0 || value.length > charsMax) {
    throw new RangeError(`${name} must be 1 to ${charsMax} characters; got ${value.length}`);
  }
  return value;
}

const NAME = /^[A-Za-z][\w-]{0,63}$/;

export function requireName(what: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${what} must be a string; got ${typeof value} ${show(value)}`);
  if (!NAME.test(value)) {
    throw new RangeError(`${what} must be 1 to 64 letters, digits, _ or -, a letter first; got ${show(value)}`);
  }
  return value;
}

// Printable, no slash: a run id is the first part of an idempotency key, `${runId}/${step}`.
const RUN_ID = /^[^\s/\p{C}][^/\p{Cc}\p{Cs}\p{Co}\p{Cn}]{0,199}$/u;

export function requireRunId(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`id must be a string; got ${typeof value} ${show(value)}`);
  if (!RUN_ID.test(value)) {
    throw new RangeError(`id must be 1 to 200 printable characters without /; got ${show(value.slice(0, 240))}`);
  }
  return value;
}
