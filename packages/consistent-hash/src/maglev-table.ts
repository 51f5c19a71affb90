/**
 * The table of Maglev: how nodes take turns at its entries. maglev.ts says where it comes from and what it is good for;
 * Envoy's Maglev (compat/envoy.ts) is the same table over other offsets.
 */
import { refuse } from './errors.ts';

/** A prime, so that every skip visits every entry. O(sqrt(size)). Throws PlacementError BAD_OPTION. */
export function requirePrime(name: string, size: number, max: number): number {
  let isPrime = Number.isInteger(size) && size >= 2 && size <= max;
  for (let divisor = 2; isPrime && divisor * divisor <= size; divisor++) isPrime = size % divisor !== 0;
  return isPrime ? size : refuse('BAD_OPTION', name, `a prime of at most ${max}`, size);
}

/** Where a node begins in the table and how it goes on: below `size`, and in 1..size - 1. */
export interface Turns {
  readonly offset: number;
  readonly skip: number;
  /** Its share of all weights. */
  readonly weight: number;
}

/** The number of the owner of each entry. Every node takes a turn in the first iteration, so none is left out. */
export function fillTable(turns: readonly Turns[], size: number): Uint16Array | Uint32Array {
  const free = turns.length;
  const table = (free < 2 ** 16 ? new Uint16Array(size) : new Uint32Array(size)).fill(free);
  const heaviest = turns.reduce((most, { weight }) => Math.max(most, weight), 0);
  const next = Uint32Array.from(turns, ({ offset }) => offset);
  const targets = new Float64Array(free);
  let filled = 0;
  for (let iteration = 1; ; iteration++) {
    for (let i = 0; i < free; i++) {
      const { skip, weight } = turns[i]!;
      if (iteration * weight < targets[i]!) continue;
      targets[i]! += heaviest;
      let entry = next[i]!;
      while (table[entry] !== free) {
        entry += skip;
        if (entry >= size) entry -= size;
      }
      table[entry] = i;
      next[i] = entry;
      if (++filled === size) return table;
    }
  }
}
