/** The lab's machine: what it shows of the package must be true, and the same events must show the same. */
import * as lib from '@loadbearing/consistent-hash';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cache, LabEvent, LabState } from '../public/lab-core.js';
import { labOf, loadsOf, REQUESTS } from '../public/lab-core.js';

const RUNS = process.env['NIGHTLY'] ? 500 : 9;
const lab = labOf(lib, { seed: 7, nodes: 6 });
const first = lab.first();

const play = (state: LabState, ...events: LabEvent[]): LabState => events.reduce((s, e) => lab.next(s, e), state);
const ticks = (count: number): LabEvent[] => Array.from({ length: count }, () => ({ type: 'tick' }));
const up = (state: LabState): string[] => state.nodes.filter((node) => node.up).map(({ id }) => id);
const hitRatio = (state: LabState, kind: 'ring' | 'slots' | 'modulo'): number =>
  state.hits.at(-1)?.[kind] ?? Number.NaN;

/** Everything that a page could show of a state. */
const shownOf = ({ placements, caches, loads, requests, sketch, ...rest }: LabState): string =>
  JSON.stringify({
    ...rest,
    hottest: sketch?.top(),
    loads: loads.map(({ ring, slots }) => [[...ring], [...slots]]),
    requests: requests && [[...requests.hashes], requests.served],
    fingerprints: [placements.ring.fingerprint, placements.slots.fingerprint, placements.modulo],
    caches: Object.values(caches).map((cache: Cache) => [...cache].map(([id, bits]) => [id, [...bits]])),
  });

const zone = fc.constantFrom('east', 'north', 'west');
const id = fc.integer({ min: 1, max: 9 }).map((n) => `node-${n}`);
const event: fc.Arbitrary<LabEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'tick' } as const) },
  fc.constant({ type: 'add' } as const),
  fc.record({ type: fc.constant('remove' as const), id }),
  fc.record({ type: fc.constant('reweight' as const), id, factor: fc.constantFrom(0.5, 2) }),
  fc.record({ type: fc.constantFrom('kill' as const, 'revive' as const), zone }),
  fc.record({
    type: fc.constant('set' as const),
    hot: fc.boolean(),
    split: fc.boolean(),
    c: fc.constantFrom(null, 2, 1.25, 1.05),
  }),
);
const events = fc.array(event, { minLength: 1, maxLength: 12 });

describe('any sequence of events', () => {
  it('gives the same state when it is played again', () => {
    fc.assert(
      fc.property(events, (all) => {
        expect(shownOf(play(first, ...all)) === shownOf(play(first, ...all))).toBe(true);
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });

  it('leaves every earlier state as it was', () => {
    const before = shownOf(first);
    fc.assert(
      fc.property(events, (all) => {
        play(first, ...all);
        expect(shownOf(first) === before).toBe(true);
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });

  it('keeps a node up, places on those that are up and on no other, and counts each request once', () => {
    fc.assert(
      fc.property(events, (all) => {
        let state = first;
        for (const one of all) {
          state = lab.next(state, one);
          const ids = up(state).sort();
          expect(ids.length).toBeGreaterThan(0);
          expect(state.placements.ring.nodes.map((node) => node.id)).toEqual(ids);
          expect(state.placements.slots.nodes.map((node) => node.id)).toEqual(ids);
          expect(state.placements.modulo).toEqual(ids);
          expect([...state.caches.ring.keys()].sort()).toEqual(ids);
          for (const load of state.loads) {
            for (const kind of ['ring', 'slots'] as const) {
              expect([...load[kind].values()].reduce((sum, taken) => sum + taken, 0)).toBe(REQUESTS);
              expect([...load[kind].keys()].every((node) => ids.includes(node))).toBe(true);
            }
          }
          for (const ratio of Object.values(state.hits.at(-1) ?? {})) {
            expect(ratio >= 0 && ratio <= 1).toBe(true);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps every node of a tick within the bound, hot keys and weights or not', () => {
    const topology = fc.array(
      event.filter(({ type }) => type !== 'tick' && type !== 'set'),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(topology, fc.constantFrom(2, 1.25, 1.05), fc.boolean(), (changes, c, hot) => {
        const state = play(first, ...changes, { type: 'set', hot, c }, ...ticks(2));
        const nodes = state.nodes.filter((node) => node.up);
        const weights = nodes.reduce((sum, { weight }) => sum + weight, 0);
        for (const load of state.loads) {
          for (const node of nodes) {
            for (const kind of ['ring', 'slots'] as const) {
              expect(load[kind].get(node.id)).toBeLessThanOrEqual(Math.ceil((c * REQUESTS * node.weight) / weights));
            }
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('caches', () => {
  it('start full: without a change nothing misses', () => {
    const state = play(first, ...ticks(5));
    for (const kind of ['ring', 'slots', 'modulo'] as const) expect(hitRatio(state, kind)).toBe(1);
  });

  it('are lost with a zone and empty when it comes back, though the ring is the same as before', () => {
    const back = play(first, { type: 'kill', zone: 'east' }, { type: 'revive', zone: 'east' });
    expect(back.placements.ring.fingerprint).toBe(first.placements.ring.fingerprint);
    for (const node of back.nodes) {
      const cached = back.caches.ring.get(node.id)?.some((bits) => bits !== 0);
      expect(cached).toBe(node.zone !== 'east');
    }
    expect(hitRatio(play(back, ...ticks(1)), 'ring')).toBeLessThan(0.9);
  });

  it('behind mod-N miss many times more than behind ring and slots after one node has joined', () => {
    const { report } = play(first, { type: 'add' }, ...ticks(10));
    expect(report?.misses.ring).toBeGreaterThan(0);
    expect(report?.misses.modulo).toBeGreaterThan(3 * (report?.misses.ring ?? 0));
    expect(report?.misses.modulo).toBeGreaterThan(3 * (report?.misses.slots ?? 0));
  });
});

describe('the report of a change', () => {
  it('moves about the fair share and nothing needlessly for ring and slots, and most keys for mod-N', () => {
    for (const { type, ...rest } of [{ type: 'add' }, { type: 'remove', id: 'node-2' }] as const) {
      const { report } = play(first, { type, ...rest } as LabEvent);
      for (const kind of ['ring', 'slots'] as const) {
        expect(report?.movement[kind].needless).toBe(0);
        expect(Math.abs((report?.movement[kind].moved ?? 0) - (report?.ideal ?? 1))).toBeLessThan(0.03);
      }
      expect(report?.movement.modulo.moved).toBeGreaterThan(0.6);
      expect(report?.movement.modulo.needless).toBeGreaterThan(0.3);
    }
  });

  it('knows the fair share of every change', () => {
    const ideals: [LabEvent, number][] = [
      [{ type: 'add' }, 1 / 7],
      [{ type: 'remove', id: 'node-1' }, 1 / 6],
      [{ type: 'reweight', id: 'node-1', factor: 2 }, 2 / 7 - 1 / 6],
      [{ type: 'reweight', id: 'node-1', factor: 0.5 }, 1 / 6 - 0.5 / 5.5],
      [{ type: 'kill', zone: 'west' }, 1 / 3],
    ];
    for (const [change, ideal] of ideals) expect(play(first, change).report?.ideal).toBeCloseTo(ideal, 12);
  });

  it('has mod-N move nothing for a weight, because it has none', () => {
    const { report } = play(first, { type: 'reweight', id: 'node-3', factor: 2 });
    expect(report?.movement.modulo.moved).toBe(0);
    expect(report?.movement.ring.moved).toBeGreaterThan(0);
  });

  it('of keys with two copies in two zones none is lost with a zone; with copies anywhere some are', () => {
    const { report } = play(first, { type: 'kill', zone: 'north' });
    expect(report?.lost?.apart).toBe(0);
    expect(report?.lost?.anywhere).toBeGreaterThan(0.02);
  });
});

describe('hot keys', () => {
  const peak = (...set: LabEvent[]): number => loadsOf(play(first, ...set, ...ticks(12)), 'ring').peak ?? Number.NaN;

  it('raise peak/mean, and splitting them lowers it', () => {
    const calm = peak();
    const hot = peak({ type: 'set', hot: true });
    const split = peak({ type: 'set', hot: true, split: true });
    expect(hot).toBeGreaterThan(calm + 0.3);
    expect(split).toBeLessThan(1.2);
  });

  it('are what the sketch shows', () => {
    const { sketch } = play(first, { type: 'set', hot: true }, ...ticks(1));
    expect(sketch?.top()[0]?.key).toBe('user:hot');
    expect(sketch?.top()[0]?.share).toBeCloseTo(0.2, 1);
  });
});

describe('an event that makes no sense', () => {
  it('changes nothing at all', () => {
    const one = labOf(lib, { nodes: 1 }).first();
    const nonsense: [LabState, LabEvent][] = [
      [one, { type: 'remove', id: 'node-1' }],
      [one, { type: 'kill', zone: 'east' }],
      [first, { type: 'remove', id: 'node-99' }],
      [first, { type: 'revive', zone: 'east' }],
      [first, { type: 'kill', zone: 'nowhere' }],
      [play(first, { type: 'kill', zone: 'east' }), { type: 'kill', zone: 'east' }],
      [play(first, { type: 'kill', zone: 'east' }, { type: 'kill', zone: 'west' }), { type: 'kill', zone: 'north' }],
      [play(first, ...Array.from({ length: 6 }, () => ({ type: 'add' }) as const)), { type: 'add' }],
      [
        play(first, ...Array.from({ length: 3 }, () => ({ type: 'reweight', id: 'node-1', factor: 2 }) as const)),
        { type: 'reweight', id: 'node-1', factor: 2 },
      ],
    ];
    for (const [state, event] of nonsense) expect(lab.next(state, event)).toBe(state);
  });
});
