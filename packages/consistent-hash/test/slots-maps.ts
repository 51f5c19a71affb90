/** Random slot maps as plain arrays, for the tests of slots, plan and diff. */
import fc from 'fast-check';
import type { NodeSpec } from '../src/index.ts';
import type { SlotOwners } from '../src/slots.ts';
import { ids } from './topology.ts';

export interface RandomMap {
  readonly nodes: readonly NodeSpec[];
  /** Of each slot the id of its owner. Some nodes may own none. */
  readonly owners: readonly string[];
  readonly seed: number;
}

const weights = fc.oneof(fc.constantFrom(1, 1, 1, 2, 0.5, 0.1, 0.3), fc.double({ min: 0.01, max: 4, noNaN: true }));

export const randomNodes = (max: number): fc.Arbitrary<NodeSpec[]> =>
  fc.uniqueArray(fc.record({ id: ids, weight: weights, zone: fc.constantFrom('x', 'y') }, { requiredKeys: ['id'] }), {
    selector: ({ id }) => id,
    minLength: 1,
    maxLength: max,
  });

/** @param max of nodes, and the least number of slots */
export function mapsOf(max: number, slotsMax: number): fc.Arbitrary<RandomMap> {
  return randomNodes(max).chain((nodes) =>
    fc.record({
      nodes: fc.constant(nodes),
      owners: fc.array(fc.constantFrom(...nodes.map(({ id }) => id)), { minLength: max, maxLength: slotsMax }),
      seed: fc.constantFrom(0, 1, 0xffffffff),
    }),
  );
}

export const randomMaps: fc.Arbitrary<RandomMap> = mapsOf(7, 70);

/** Runs as long as possible. */
export function runsOf(owners: readonly string[]): SlotOwners[] {
  const runs: { from: number; to: number; id: string }[] = [];
  owners.forEach((id, slot) => {
    const last = runs.at(-1);
    if (last?.id === id) last.to = slot;
    else runs.push({ from: slot, to: slot, id });
  });
  return runs;
}

/** The first hash of every slot, its neighbours, and the ends. */
export function tellingHashesOf(count: number): number[] {
  const near = Array.from({ length: count }, (_, slot) => Number((BigInt(slot) << 32n) / BigInt(count)));
  return [0, 0xffffffff, ...near.flatMap((h) => [h - 1, h, h + 1, h + 2])].filter((h) => h >= 0 && h <= 0xffffffff);
}
