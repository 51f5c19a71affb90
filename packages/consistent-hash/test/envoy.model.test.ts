/** Envoy's ring and table against their definitions, over random hosts, weights and sizes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import createHasher from 'xxhash-wasm';
import { envoyMaglev, envoyRing } from '../src/compat/envoy.ts';

const RUNS = process.env['NIGHTLY'] ? 3000 : 100;
const reference = await createHasher();

interface Host {
  id: string;
  weight: number;
}

const hosts: fc.Arbitrary<Host[]> = fc.uniqueArray(
  fc.record({
    id: fc.oneof(
      fc.nat({ max: 40 }).map((i) => `10.0.0.${String(i)}:80`),
      fc.constantFrom('é', '😀', '\uE000'),
    ),
    weight: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 }), fc.constantFrom(1000, 7919)),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 9 },
);

const sum = (list: Host[]): number => list.reduce((total, { weight }) => total + weight, 0);

/** All points in a list, each host its own from 0 on, and a search from the start. */
function naiveRing(list: Host[], least: number, most: number): (hash: bigint) => string {
  const shares = list.map(({ weight }) => weight / sum(list));
  const smallest = Math.min(...shares);
  const scale = Math.min(Math.ceil(smallest * least) / smallest, most);
  const points: { point: bigint; id: string }[] = [];
  let target = 0;
  list.forEach(({ id }, i) => {
    target += scale * shares[i]!;
    for (let j = 0; points.length < target; j++) points.push({ point: reference.h64(`${id}_${String(j)}`), id });
  });
  points.sort((a, b) => (a.point < b.point ? -1 : 1));
  return (hash) => (points.find(({ point }) => point >= hash) ?? points[0]!).id;
}

/** The paper's listing with the weights of Envoy: permutations written out, a turn for a host when it is due. */
function naiveMaglev(list: Host[], size: number): (string | undefined)[] {
  const total = sum(list);
  const heaviest = Math.max(...list.map(({ weight }) => weight / total));
  const entries = list
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
    .map(({ id, weight }) => {
      const offset = Number(reference.h64(id) % BigInt(size));
      const skip = Number(reference.h64(id, 1n) % BigInt(size - 1)) + 1;
      const permutation = Array.from({ length: size }, (_, j) => (offset + j * skip) % size);
      return { id, share: weight / total, target: 0, permutation };
    });
  const table = Array.from<string | undefined>({ length: size });
  for (let iteration = 1; table.includes(undefined); iteration++) {
    for (const entry of entries) {
      if (iteration * entry.share < entry.target || !table.includes(undefined)) continue;
      entry.target += heaviest;
      table[entry.permutation.find((place) => table[place] === undefined)!] = entry.id;
    }
  }
  return table;
}

describe('Envoy', () => {
  it('has the owners of a search through all points, between them and at them', () => {
    const sizes = fc.record({ least: fc.integer({ min: 1, max: 60 }), most: fc.integer({ min: 60, max: 400 }) });
    fc.assert(
      fc.property(hosts, sizes, fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (list, sizing, hashes) => {
        const { least, most } = sizing;
        const ring = envoyRing(list, { minimumRingSize: least, maximumRingSize: most });
        const naive = naiveRing(list, least, most);
        const points = list.flatMap(({ id }) => [0, 1, 7].map((j) => reference.h64(`${id}_${String(j)}`)));
        for (const hash of [...hashes, ...points.flatMap((p) => [p - 1n, p, p + 1n]), 0n, 2n ** 64n - 1n]) {
          expect(ring.locateHash(hash).id).toBe(naive(hash));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('has the table of the written-out permutations', () => {
    fc.assert(
      fc.property(hosts, fc.constantFrom(2, 3, 11, 101, 211), (list, size) => {
        const built = envoyMaglev(list, { tableSize: size });
        const table = Array.from({ length: size }, (_, entry) => built.locateHash(BigInt(entry)).id);
        expect(table).toEqual(naiveMaglev(list, size));
      }),
      { numRuns: RUNS },
    );
  });
});
