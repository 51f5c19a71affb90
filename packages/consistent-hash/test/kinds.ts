/** All placements as one list, for the laws that none may break. */
import fc from 'fast-check';
import {
  maglev,
  maglevFromJSON,
  memento,
  mementoFromJSON,
  rendezvous,
  rendezvousFromJSON,
  ring,
  ringFromJSON,
  slots,
  slotsFromJSON,
} from '../src/index.ts';
import type { FromJSONOptions, HashOptions, NodeInput, NodeSpec, Placement, PlacementJSON } from '../src/index.ts';
import { ids } from './topology.ts';

export interface Kind {
  readonly kind: string;
  readonly weighted: boolean;
  make(nodes: Iterable<NodeInput>, options: HashOptions): Placement;
  read(json: PlacementJSON, options: FromJSONOptions<string>): Placement<string>;
}

/** Small tables, so that thousands of topologies take seconds. */
export const kinds: readonly Kind[] = [
  { kind: 'ring', weighted: true, make: (nodes, o) => ring(nodes, { ...o, vnodes: 40 }), read: ringFromJSON },
  { kind: 'rendezvous', weighted: true, make: rendezvous, read: rendezvousFromJSON },
  { kind: 'memento', weighted: false, make: memento, read: mementoFromJSON },
  { kind: 'maglev', weighted: true, make: (nodes, o) => maglev(nodes, { ...o, size: 1009 }), read: maglevFromJSON },
  { kind: 'slots', weighted: true, make: (nodes, o) => slots(nodes, { ...o, count: 512 }), read: slotsFromJSON },
];

export interface RandomTopology {
  readonly nodes: NodeSpec[];
  readonly seed: number;
}

/** One to twelve nodes, some in zones, with weights where the kind has them. */
export function topologyOf({ weighted }: Kind): fc.Arbitrary<RandomTopology> {
  const weight = weighted
    ? fc.oneof(fc.constantFrom(1, 2, 0.5), fc.double({ min: 0.01, max: 4, noNaN: true }))
    : fc.constant(1);
  const node = fc.record({ id: ids, weight, zone: fc.constantFrom('x', 'y', 'z') }, { requiredKeys: ['id'] });
  return fc.record({
    nodes: fc.uniqueArray(node, { selector: ({ id }) => id, minLength: 1, maxLength: 12 }),
    seed: fc.constantFrom(0, 1, 0xffffffff, 0x9e3779b9),
  });
}

/** ASCII and beyond, short and longer than a stripe of the hash. */
export function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    i % 3 === 0 ? String(i) : i % 3 === 1 ? `użytkownik:${String(i)}` : `/a/longer/path/of/a/file/${String(i)}.html`,
  );
}
