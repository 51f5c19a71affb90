/** The Maglev table against Envoy's, against turns on written-out permutations, and against counting. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { fillTable } from '../src/maglev-table.ts';
import { maglev } from '../src/maglev.ts';
import type { Maglev } from '../src/maglev.ts';
import { identityOf } from '../src/nodes.ts';
import type { NodeSpec } from '../src/types.ts';
import { topologies } from './topology.ts';
import vectors from './vectors/static.json' with { type: 'json' };

const NIGHTLY = process.env['NIGHTLY'] === '1';
const parameters = { numRuns: NIGHTLY ? 2000 : 100 };
const sizes = fc.constantFrom(13, 17, 101, 251, 509);

/** Ids of the owners of all entries: each node's permutation as a list, of which it strikes what is taken. */
function naiveTable(nodes: readonly NodeSpec[], seed: number, size: number): string[] {
  const total = nodes.toSorted((x, y) => (x.id < y.id ? -1 : 1)).reduce((sum, { weight = 1 }) => sum + weight, 0);
  const players = nodes
    .toSorted((x, y) => (x.id < y.id ? -1 : 1))
    .map(({ id, weight = 1 }) => {
      const { a, b } = identityOf(id, seed);
      const wishes = Array.from({ length: size }, (_, j) => ((a % size) + j * ((b % (size - 1)) + 1)) % size);
      return { id, wishes, weight: weight / total, target: 0 };
    });
  const largest = Math.max(...players.map(({ weight }) => weight));
  const table = new Map<number, string>();
  for (let iteration = 1; table.size < size; iteration++) {
    for (const player of players) {
      if (iteration * player.weight < player.target || table.size === size) continue;
      player.target += largest;
      table.set(
        player.wishes.find((entry) => !table.has(entry))!,
        player.id,
      );
    }
  }
  return Array.from({ length: size }, (_, entry) => table.get(entry)!);
}

const tableOf = (built: Maglev): string[] => Array.from({ length: built.size }, (_, h) => built.locateHash(h).id);
const entriesOf = (built: Maglev): number[] => {
  const owners = tableOf(built);
  return built.nodes.map(({ id }) => owners.filter((owner) => owner === id).length);
};
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${i}`);

describe('a Maglev table', () => {
  it('is filled as Envoy fills it', async () => {
    const hasher = await xxhash();
    for (const { hosts, m, table, weights } of vectors.envoyMaglev.cases as {
      hosts: string[];
      m: number;
      table: number[];
      weights?: number[];
    }[]) {
      const total = weights?.reduce((sum, weight) => sum + weight, 0) ?? hosts.length;
      const turns = hosts.map((host, i) => ({
        offset: Number(hasher.h64(host, 0n) % BigInt(m)),
        skip: Number(hasher.h64(host, 1n) % BigInt(m - 1)) + 1,
        weight: (weights?.[i] ?? 1) / total,
      }));
      expect([...fillTable(turns, m)]).toEqual(table);
    }
  });

  it('gives every entry to whoever claims it first', () => {
    fc.assert(
      fc.property(topologies, sizes, ({ nodes, seed }, size) => {
        expect(tableOf(maglev(nodes, { seed, size }))).toEqual(naiveTable(nodes, seed, size));
      }),
      parameters,
    );
  });

  it('answers a hash with the entry of its remainder', () => {
    fc.assert(
      fc.property(topologies, sizes, fc.integer({ min: 0, max: 0xffffffff }), ({ nodes }, size, hash) => {
        const built = maglev(nodes, { size });
        expect(built.locateHash(hash)).toBe(built.locateHash(hash % size));
      }),
      parameters,
    );
  });

  it('has shares that are counts of hashes and add up to 1', () => {
    fc.assert(
      fc.property(topologies, sizes, ({ nodes }, size) => {
        const built = maglev(nodes, { size });
        const counts = new Map<string, bigint>();
        tableOf(built).forEach((id, entry) => {
          // Of the hashes entry, entry + size, ... the last is at most 2^32 - 1.
          const hashes = (2n ** 32n - 1n - BigInt(entry)) / BigInt(size) + 1n;
          counts.set(id, (counts.get(id) ?? 0n) + hashes);
        });
        const shares = built.shares();
        expect([...shares.keys()]).toEqual(built.nodes.map(({ id }) => id));
        for (const [id, share] of shares) expect(share * 2 ** 32).toBe(Number(counts.get(id)));
        expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBe(1);
      }),
      parameters,
    );
  });

  it('gives nodes of equal weight equal numbers of entries, to within one', () => {
    for (const [count, size] of [
      [1, 2],
      [2, 2],
      [7, 7],
      [10, 1009],
      [100, 10_007],
    ] as const) {
      const entries = entriesOf(maglev(numbered(count), { size }));
      expect(Math.max(...entries) - Math.min(...entries)).toBeLessThanOrEqual(1);
      expect(Math.min(...entries)).toBe(Math.floor(size / count));
    }
  });

  it('gives nodes entries in proportion to their weights, and each at least one', () => {
    const nodes = [0.001, 1, 2, 3.5, 10].map((weight, i) => ({ id: `n${i}`, weight }));
    const entries = entriesOf(maglev(nodes, { size: 10_007 }));
    nodes.forEach(({ weight }, i) => {
      expect(Math.abs(entries[i]! - (10_007 * weight) / 16.501)).toBeLessThanOrEqual(3);
    });
    expect(entries[0]).toBeGreaterThan(0);
  });

  it('does not depend on the unit of the weights, however large', () => {
    const of = (unit: number): string[] =>
      tableOf(
        maglev(
          [1, 2, 5].map((weight, i) => ({ id: `n${i}`, weight: weight * unit })),
          { size: 1009 },
        ),
      );
    expect(of(2 ** 10)).toEqual(of(1));
    expect(of(2 ** -10)).toEqual(of(1));
    expect(of(2 ** 1021)).toEqual(of(1));
  });

  it('holds every node when there are as many as entries, also more than 16 bits can number', () => {
    const turns = Array.from({ length: 65_537 }, (_, i) => ({ offset: (i * 31) % 65_537, skip: 1, weight: 1 }));
    for (const count of [65_535, 65_536, 65_537]) {
      const table = fillTable(turns.slice(0, count), 65_537);
      expect(new Set(table).size).toBe(count);
      expect(table.every((owner) => owner < count)).toBe(true);
    }
  });

  it('moves little more than it must when a node goes: under 1 % of the keys change hands needlessly', () => {
    for (const count of [5, 10, 50, 100]) {
      const before = maglev(numbered(count));
      const after = before.without('node-3');
      const [was, is] = [tableOf(before), tableOf(after)];
      const needless = was.filter((id, entry) => id !== 'node-3' && is[entry] !== id).length;
      expect(needless / was.length).toBeLessThan(0.01);
    }
  });
});
