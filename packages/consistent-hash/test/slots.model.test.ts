/** A slot map against the simplest one: an array with an id for each slot. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { xxh32 } from '../src/index.ts';
import type { NodeSpec } from '../src/index.ts';
import { identityOf } from '../src/nodes.ts';
import { mix32 } from '../src/mix32.ts';
import { slots, slotsFromJSON } from '../src/slots.ts';
import type { SlotOwners, Slots } from '../src/slots.ts';
import { goalsOf } from '../src/plan.ts';
import { randomMaps, runsOf, tellingHashesOf } from './slots-maps.ts';
import type { RandomMap } from './slots-maps.ts';

const RUNS = process.env['NIGHTLY'] === undefined ? 60 : 5000;
const check = (law: (map: RandomMap) => void): void => fc.assert(fc.property(randomMaps, law), { numRuns: RUNS });

/** The slot in whole numbers: no rounding anywhere. */
const slotOf = (hash: number, count: number): number => Number((BigInt(hash) * BigInt(count)) >> 32n);
const build = ({ nodes, owners, seed }: RandomMap): Slots =>
  slots(nodes, { count: owners.length, owners: runsOf(owners), seed });

describe('a slot map', () => {
  it('is a table: the owner of a hash is that of slot floor(hash * count / 2^32)', () => {
    check((map) => {
      const built = build(map);
      for (const hash of tellingHashesOf(map.owners.length)) {
        expect(built.locateHash(hash).id).toBe(map.owners[slotOf(hash, map.owners.length)]);
      }
      for (const key of ['', 'a', 'user:42', 'żółw', '😀']) {
        expect(built.slotOf(key)).toBe(slotOf(xxh32.hash(key, map.seed), map.owners.length));
        expect(built.owner(built.slotOf(key))).toBe(built.locate(key));
      }
    });
  });

  it('lists the slots of each node, all once', () => {
    check((map) => {
      const built = build(map);
      for (const { id } of map.nodes) {
        expect(built.slotsOf(id)).toEqual([...map.owners.keys()].filter((slot) => map.owners[slot] === id));
      }
      map.owners.forEach((id, slot) => expect(built.owner(slot).id).toBe(id));
    });
  });

  it('has ranges that cover the hash space, neighbours of different owners, with the owners of their ends', () => {
    check((map) => {
      const built = build(map);
      let next = 0;
      let last: string | undefined;
      for (const { start, end, node } of built.ranges()) {
        expect([start, end >= start, node.id === last]).toEqual([next, true, false]);
        for (const hash of [start, end]) expect(map.owners[slotOf(hash, map.owners.length)]).toBe(node.id);
        [next, last] = [end + 1, node.id];
      }
      expect(next).toBe(2 ** 32);
    });
  });

  it('has shares that are the lengths of the ranges, exactly', () => {
    check((map) => {
      const built = build(map);
      const hashes = new Map(built.nodes.map(({ id }) => [id, 0n]));
      map.owners.forEach((id, slot) => {
        // The hashes of a slot, in whole numbers.
        const startOf = (s: number): bigint =>
          ((BigInt(s) << 32n) + BigInt(map.owners.length - 1)) / BigInt(map.owners.length);
        hashes.set(id, hashes.get(id)! + startOf(slot + 1) - startOf(slot));
      });
      const shares = built.shares();
      expect([...shares.keys()]).toEqual(built.nodes.map(({ id }) => id));
      for (const [id, share] of shares) expect(BigInt(share * 2 ** 32)).toBe(hashes.get(id));
    });
  });

  it('follows the moves of a list, one after the other', () => {
    const lists = randomMaps.chain((map) =>
      fc.tuple(
        fc.constant(map),
        fc.array(
          fc.record({ slot: fc.nat(map.owners.length - 1), to: fc.constantFrom(...map.nodes.map(({ id }) => id)) }),
        ),
      ),
    );
    fc.assert(
      fc.property(lists, ([map, steps]) => {
        const owners = [...map.owners];
        const moves = steps.map(({ slot, to }) => {
          const from = owners[slot]!;
          owners[slot] = to;
          return { slot, from, to };
        });
        const before = build(map);
        const text = JSON.stringify(before);
        const after = before.assign(moves);
        expect(after.toJSON()).toEqual(build({ ...map, owners }).toJSON());
        expect(JSON.stringify(before)).toBe(text);
      }),
      { numRuns: RUNS },
    );
  });

  it('survives JSON with any table, and the same table is the same map, whatever its history', () => {
    check((map) => {
      const built = build(map);
      const json = built.toJSON();
      const read = slotsFromJSON(JSON.parse(JSON.stringify(json)));
      expect(read.toJSON()).toEqual(json);
      for (const [slot, id] of map.owners.entries()) expect(read.owner(slot).id).toBe(id);
      expect(json.owners).toEqual(runsOf(map.owners));
      // A run for each slot says the same; the map makes runs as long as possible of it.
      const single: SlotOwners[] = map.owners.map((id, slot) => ({ from: slot, to: slot, id }));
      expect(slots(map.nodes, { count: map.owners.length, owners: single, seed: map.seed }).fingerprint).toBe(
        built.fingerprint,
      );
    });
  });

  it('has another fingerprint when one slot has another owner', () => {
    check((map) => {
      const built = build(map);
      const slot = map.owners.length - 1;
      for (const { id } of map.nodes) {
        const other = built.assign([{ slot, from: map.owners[slot]!, to: id }]);
        expect(other.fingerprint === built.fingerprint).toBe(id === map.owners[slot]);
      }
    });
  });

  it('has one set of replicas for each slot: the owner, then all others by score of the slot number', () => {
    check((map) => {
      const built = build(map);
      const order = new Map<number, string>();
      const score = ({ id, weight }: { id: string; weight: number }, slot: number): number => {
        const { a, b } = identityOf(id, map.seed);
        return -Math.log((mix32(slot, a, b) + 0.5) / 2 ** 32) / weight;
      };
      for (let i = 0; i < 15; i++) {
        const key = `key ${String(i)}`;
        const slot = built.slotOf(key);
        const found = [...built.preference(key)];
        expect(found[0]).toBe(built.owner(slot));
        const rest = found.slice(1).map((node) => score(node, slot));
        expect(rest).toEqual([...rest].sort((x, y) => x - y));
        const text = JSON.stringify(found.map(({ id }) => id));
        expect(order.get(slot) ?? text).toBe(text);
        order.set(slot, text);
      }
    });
  });

  it('at first gives each node one run, as long as its share rounded up or down, in the order of ids', () => {
    check(({ nodes, owners: { length: count } }) => {
      const built = slots(nodes, { count });
      const { owners } = built.toJSON();
      const ids = owners.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].sort());
      const total = nodes.reduce((sum, { weight = 1 }) => sum + weight, 0);
      for (const { id, weight = 1 } of nodes) {
        expect(Math.abs(built.slotsOf(id).length - (count * weight) / total)).toBeLessThan(1);
      }
    });
  });
});

describe('the goals', () => {
  it('add up to the count and are shares rounded up or down, for weights of any size', () => {
    const weight = fc.oneof(
      fc.double({ min: 5e-324, max: Number.MAX_VALUE, noNaN: true }),
      fc.double({ min: 0.001, max: 1000, noNaN: true }),
      fc.constantFrom(1, 2, 3, 0.1, 0.2, 0.3, 0.7, 1e308, 5e-324),
    );
    const weights = fc.array(weight, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 40, max: 2 ** 20 }), (list, count) => {
        const nodes = list.map((w, i) => ({ id: String(i), weight: w, zone: undefined, data: undefined }));
        const held = list.map((_, i) => (i * 7919) % count);
        const goals = goalsOf(nodes, count, held);
        expect(goals.reduce((sum, goal) => sum + goal, 0)).toBe(count);
        const largest = Math.max(...list);
        const total = list.reduce((sum, w) => sum + w / largest, 0);
        goals.forEach((goal, i) =>
          expect(Math.abs(goal - (count * (list[i]! / largest)) / total)).toBeLessThan(1 + 1e-6),
        );
      }),
      { numRuns: RUNS * 4 },
    );
  });

  it('are whole shares when shares are whole but for rounding errors, whoever holds what', () => {
    const wholes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 12 });
    const units = fc.constantFrom(0.1, 0.3, 0.7, 1 / 3, 1e-300);
    fc.assert(
      fc.property(wholes, units, fc.integer({ min: 1, max: 100 }), fc.nat(), (list, unit, times, seed) => {
        const nodes = list.map((w, i) => ({ id: String(i), weight: w * unit, zone: undefined, data: undefined }));
        const count = times * list.reduce((sum, w) => sum + w, 0);
        const held = list.map((_, i) => mix32(i, seed, 0) % count);
        expect(goalsOf(nodes, count, held)).toEqual(list.map((w) => w * times));
      }),
      { numRuns: RUNS * 4 },
    );
  });

  it('take 1/10 + 2/10 for 3/10: no slot is owed to a rounding error', () => {
    const nodes: NodeSpec[] = [0.1, 0.2, 0.3].map((weight, i) => ({ id: String(i), weight }));
    const map = slots(nodes, { count: 6 });
    expect(nodes.map(({ id }) => map.slotsOf(id).length)).toEqual([1, 2, 3]);
  });
});
