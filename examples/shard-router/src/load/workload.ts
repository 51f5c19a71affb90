/**
 * What clients ask for: reads, writes and deletes of rows, the popular ones more often (Zipf). Pure and seeded.
 *
 * Popularity is by rank, and rank r is the row r * stride mod rows with a stride coprime to the number of rows, so
 * that the hot rows lie in different slots whatever the names of rows hash to.
 */
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';

export interface Request {
  readonly kind: 'get' | 'set' | 'delete';
  readonly key: string;
}

export interface Workload {
  next(): Request;
}

export const keyOf = (row: number): string => `row:${row}`;

const readFraction = 0.7;
const deleteFraction = 0.05;
const exponent = 0.9;

/** A stream of requests over `rows` rows. O(rows) once, O(log rows) a request. */
export function workload(rows: number, seed: number): Workload {
  const random = seeded(seed);
  const cumulative = new Float64Array(rows);
  let sum = 0;
  for (let rank = 0; rank < rows; rank++) cumulative[rank] = sum += (rank + 1) ** -exponent;
  // 7919 is prime: coprime to every number of rows that it does not divide.
  const stride = rows % 7919 === 0 ? 7907 : 7919;
  return {
    next: () => {
      const rank = firstAbove(cumulative, random() * sum);
      const choice = random();
      const kind = choice < readFraction ? 'get' : choice < 1 - deleteFraction ? 'set' : 'delete';
      return { kind, key: keyOf((rank * stride) % rows) };
    },
  };
}

/** A request for one of these rows, and mostly a change: what a mover must not miss. */
export function probeOf(keys: readonly string[], random: () => number): Request {
  const key = keys[Math.floor(random() * keys.length)]!;
  const choice = random();
  return { kind: choice < 0.4 ? 'get' : choice < 0.85 ? 'set' : 'delete', key };
}

function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A row's value: the version makes it unique among the values of its key, the key shows a mix-up of rows. */
export const valueOf = (key: string, version: number): string => `${version}|${key}|${'.'.repeat(40)}`;

/** The version in a value; NaN when this is no value of that row. */
export function versionOf(key: string, value: string): number {
  const [version = '', owner] = value.split('|', 2);
  return owner === key ? Number(version) : NaN;
}
