/**
 * Limits: one rule each, an algorithm and its numbers, as frozen data.
 *
 * The factories check everything once, so that the step functions need not: within these bounds every quantity they
 * compute stays an integer below 2^52, where `Math.floor(a / b)` and `Math.ceil(a / b)` on doubles are exact
 * (2^53 itself is not enough: the quotient of two exact integers may still round across a whole number).
 *
 * A limit says nothing about where its state lives or who is limited. That is what lets several be composed.
 */
import { requireInteger, requireName, requireOneOf } from './check.ts';

/** One rule. Made by {@link gcra}, {@link slidingLog}, {@link slidingCounter}, {@link fixedWindow} or {@link blocklist}. */
export interface Limit {
  readonly algorithm: 'gcra' | 'sliding-log' | 'sliding-counter' | 'fixed-window' | 'blocklist';
  /** Public: it appears in header fields. Distinct within a limiter. */
  readonly name: string;
  /** Most units at once; `Infinity` for a blocklist, which counts nothing. */
  readonly quota: number;
  /** Milliseconds in which an exhausted quota refills completely; 0 for a blocklist. May be fractional for gcra. */
  readonly windowMs: number;
  readonly unit: 'requests' | 'content-bytes';
  /** The numbers that the algorithm works with; each algorithm's file names them. */
  readonly constants: readonly number[];
}

export interface NameAndUnit {
  /** 1 to 32 of `A-Z a-z 0-9 _ . -`. Default: the algorithm's name. */
  readonly name?: string;
  /** What is counted; tells an HTTP client how to read its quota. Default 'requests'. */
  readonly unit?: Limit['unit'];
}

/** The largest product of two configured numbers. */
const PRODUCT_MAX = 2 ** 50;

/** The most admissions a sliding log remembers per key. */
const LOG_LIMIT_MAX = 65_536;

function limit(
  algorithm: Limit['algorithm'],
  options: NameAndUnit,
  quota: number,
  windowMs: number,
  constants: readonly number[],
): Limit {
  return Object.freeze({
    algorithm,
    name: requireName('name', options.name ?? algorithm),
    quota,
    windowMs,
    unit: requireOneOf('unit', options.unit ?? 'requests', ['requests', 'content-bytes']),
    constants: Object.freeze([...constants]),
  });
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/**
 * `rate` units per `perMs` milliseconds, spent smoothly, with up to `burst` at once (default `rate`).
 *
 * In any window of W ms it admits at most `burst + rate * W / perMs` units, so with the default burst nearly twice
 * `rate` in one unlucky window of `perMs`. Two numbers per key.
 *
 * @throws {RangeError} unless all three are whole numbers of at least 1, `burst * perMs / gcd` is at most 2^50 and
 * `rate / gcd` is below 2^32, where gcd is the greatest common divisor of `rate` and `perMs`
 */
export function gcra(options: NameAndUnit & { rate: number; perMs: number; burst?: number }): Limit {
  const rate = requireInteger('rate', options.rate, 1, PRODUCT_MAX);
  const perMs = requireInteger('perMs', options.perMs, 1, PRODUCT_MAX);
  const common = gcd(rate, perMs);
  const unitsPerMs = rate / common;
  const unitsPerToken = perMs / common;
  if (unitsPerMs >= 2 ** 32) {
    throw new RangeError(
      `rate must be below 2^32 after dividing rate and perMs by their common divisor ${common}; got ${unitsPerMs}. ` +
        `Choose rounder numbers, such as a rate that is a multiple of perMs`,
    );
  }
  const burst = requireInteger('burst', options.burst ?? rate, 1, PRODUCT_MAX);
  if (burst * unitsPerToken > PRODUCT_MAX) {
    throw new RangeError(
      `burst must be at most ${Math.floor(PRODUCT_MAX / unitsPerToken)} at ${rate} per ${perMs} ms; got ${burst}`,
    );
  }
  return limit('gcra', options, burst, (burst * perMs) / rate, [
    unitsPerMs,
    unitsPerToken,
    burst * unitsPerToken,
    burst,
  ]);
}

/**
 * At most `limit` units in any window of `windowMs`, exactly, wherever the window starts.
 *
 * The price is one remembered time per unit admitted, so it is for small limits: `limit` is at most 65,536.
 *
 * @throws {RangeError} when a number is not whole or out of range
 */
export function slidingLog(options: NameAndUnit & { limit: number; windowMs: number }): Limit {
  const most = requireInteger('limit', options.limit, 1, LOG_LIMIT_MAX);
  const windowMs = requireInteger('windowMs', options.windowMs, 1, PRODUCT_MAX);
  return limit('sliding-log', options, most, windowMs, [most, windowMs]);
}

/**
 * About `limit` units in any window of `windowMs`: the last whole window counts in proportion to how much of it the
 * sliding window still covers. Exact only if the last window's units were spread evenly. Three numbers per key.
 *
 * @throws {RangeError} when a number is not whole, or `limit * windowMs` is above 2^50
 */
export function slidingCounter(options: NameAndUnit & { limit: number; windowMs: number }): Limit {
  const windowMs = requireInteger('windowMs', options.windowMs, 1, PRODUCT_MAX);
  const most = requireInteger('limit', options.limit, 1, Math.floor(PRODUCT_MAX / windowMs));
  return limit('sliding-counter', options, most, windowMs, [most, windowMs]);
}

/**
 * At most `limit` units per window, and up to twice that around the edge between two. Two numbers per key.
 *
 * `align: 'first-hit'` (default) opens a window at the first unit after the last one ended; 'epoch' at multiples of
 * `windowMs` on the clock, the same for every key, so all clients come back at the same instant.
 *
 * @throws {RangeError} when a number is not whole or out of range
 */
export function fixedWindow(
  options: NameAndUnit & { limit: number; windowMs: number; align?: 'first-hit' | 'epoch' },
): Limit {
  const most = requireInteger('limit', options.limit, 1, PRODUCT_MAX);
  const windowMs = requireInteger('windowMs', options.windowMs, 1, PRODUCT_MAX);
  const align = requireOneOf('align', options.align ?? 'first-hit', ['first-hit', 'epoch']);
  return limit('fixed-window', options, most, windowMs, [most, windowMs, align === 'epoch' ? 1 : 0]);
}

/** Refuses a key until a set time and counts nothing; `limiter.block` sets that time. One number per key. */
export function blocklist(options: { name?: string } = {}): Limit {
  return limit('blocklist', options, Infinity, 0, []);
}

/**
 * 8 hexadecimal digits that differ, almost surely, when two lists of limits would read each other's numbers wrongly:
 * another algorithm, another constant, another order. Names and units do not count. FNV-1a over the numbers as text.
 */
export function fingerprintOf(limits: readonly Limit[]): string {
  const text = limits.map(({ algorithm, constants }) => `${algorithm}:${constants.join(',')}`).join(';');
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
