/** Bounded loads against a Map of loads and the order of preference: every step of long random histories. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded } from '../src/bounded.ts';
import type { Lease } from '../src/bounded.ts';
import { maglev } from '../src/maglev.ts';
import { mix32 } from '../src/mix32.ts';
import { rendezvous } from '../src/rendezvous.ts';
import { ring } from '../src/ring.ts';
import type { NodeSpec, Placement } from '../src/types.ts';

const STEPS = 1_000_000;
const RUNS = process.env['NIGHTLY'] ? 2000 : 150;

const capacity = (c: number, total: number, weight: number, weights: number): number =>
  Math.ceil((c * (total + 1) * weight) / weights);

/** The model: who must get the key, found by asking all nodes in the key's order. */
function expected(placement: Placement, c: number, key: string, loads: ReadonlyMap<string, number>): string {
  const total = [...loads.values()].reduce((sum, load) => sum + load, 0);
  const weights = placement.nodes.reduce((sum, { weight }) => sum + weight, 0);
  const roomy = [...placement.preference(key)].filter(
    ({ id, weight }) => (loads.get(id) ?? 0) + 1 <= capacity(c, total, weight, weights),
  );
  return roomy[0]!.id;
}

const node = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '__proto__'),
  weight: fc.oneof(
    fc.constant(1),
    fc.constantFrom(0.001, 0.5, 2, 3, 100),
    fc.double({ min: 0.01, max: 10, noNaN: true }),
  ),
});
const nodeLists = fc.uniqueArray(node, { selector: ({ id }) => id, minLength: 1, maxLength: 7 });
const makers: fc.Arbitrary<(nodes: NodeSpec[]) => Placement> = fc.constantFrom(
  (nodes) => ring(nodes, { vnodes: 8 }),
  (nodes) => rendezvous(nodes),
  (nodes) => maglev(nodes, { size: 13 }),
);
type Step = { acquire: string } | { release: number } | { use: NodeSpec[] };
const steps = fc.array(
  fc.oneof<fc.WeightedArbitrary<Step>[]>(
    { weight: 6, arbitrary: fc.record({ acquire: fc.nat({ max: 9 }).map(String) }) },
    { weight: 3, arbitrary: fc.record({ release: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ use: nodeLists }) },
  ),
  { maxLength: 120 },
);

describe('bounded', () => {
  it('gives a key the first node of its order that has room, and there always is one', () => {
    fc.assert(
      fc.property(
        makers,
        nodeLists,
        fc.constantFrom(1 + Number.EPSILON, 1.01, 1.25, 2, 50),
        steps,
        (make, nodes, c, history) => {
          const loads = new Map<string, number>();
          const leases: Lease[] = [];
          const b = bounded(make(nodes), { c });
          const add = (id: string, change: number): Map<string, number> => loads.set(id, (loads.get(id) ?? 0) + change);
          for (const step of history) {
            if ('acquire' in step) {
              const id = expected(b.placement, c, step.acquire, loads);
              const lease = b.acquire(step.acquire);
              expect(lease.node).toBe(b.placement.nodes.find((n) => n.id === id));
              leases.push(lease);
              add(id, 1);
            } else if ('use' in step) {
              const next = make(step.use);
              b.use(next);
              expect(b.placement).toBe(next);
            } else if (leases.length > 0) {
              const [lease] = leases.splice(step.release % leases.length, 1);
              lease!.release();
              lease!.release();
              add(lease!.node.id, -1);
            }
            expect(b.total).toBe(leases.length);
            for (const [id, load] of loads) expect(b.loadOf(id)).toBe(load);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  it(`never puts a node above its capacity in ${String(STEPS)} steps of acquire, release and use`, () => {
    const c = 1.1;
    const ids = (from: number): NodeSpec[] =>
      Array.from({ length: 20 }, (_, i) => ({ id: `n${String(from + i)}`, weight: 1 + ((from + i) % 3) }));
    const placements = [0, 1, 5, 20].map((from) => ring(ids(from), { vnodes: 64 }));
    const leases: Lease[] = [];
    const b = bounded(placements[0]!, { c });
    let weights = 39;
    for (let step = 0; step < STEPS; step++) {
      const random = mix32(step, 1, 2);
      if (random % 5000 === 0) {
        b.use(placements[(random >>> 16) % placements.length]!);
        weights = b.placement.nodes.reduce((sum, { weight }) => sum + weight, 0);
      } else if (leases.length > 2000 || (leases.length > 0 && random % 5 < 2)) {
        const at = (random >>> 8) % leases.length;
        const lease = leases[at]!;
        leases[at] = leases.at(-1)!;
        leases.pop();
        lease.release();
        if (random % 2 === 0) lease.release();
      } else {
        const totalBefore = leases.length;
        const lease = b.acquire(`key:${String(random % 3000)}`);
        leases.push(lease);
        const { id, weight } = lease.node;
        const bound = capacity(c, totalBefore, weight, weights);
        if (b.loadOf(id) > bound)
          expect.fail(`step ${String(step)}: ${String(b.loadOf(id))} > ${String(bound)} on ${id}`);
      }
      if (b.total !== leases.length) expect.fail(`step ${String(step)}: total ${String(b.total)}`);
    }
    for (const lease of leases) lease.release();
    expect(b.total).toBe(0);
    for (const placement of placements) for (const { id } of placement.nodes) expect(b.loadOf(id)).toBe(0);
  });
});
