/**
 * Each policy against the same policy written from its paper over plain maps, hit by hit: on requests at random, on traces
 * made by a rule, and on the recorded ones where they are present, whose hits are known.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  referenceHits,
  references,
  referenceS3Fifo,
  type ReferenceName,
  type ReferencePolicy,
} from '../../bench/reference-policies.ts';
import { openTrace, type OpenTrace } from '../../bench/trace-file.ts';
import { arc, clock, lru, s3Fifo, sieve } from '../../src/policies/index.ts';
import { generatedTrace, generatedTraceNames } from '../../src/simulate/generated-traces.ts';
import { replay } from '../../src/simulate/replay.ts';
import type { Policy } from '../../src/types.ts';

const policies: Readonly<Record<ReferenceName, () => Policy>> = { lru, clock, sieve, 's3-fifo': s3Fifo, arc };
const names = Object.keys(policies) as ReferenceName[];
const nightly = process.env['NIGHTLY'] === '1';

/** The first request that only one of the two answers, -1 when they agree. */
function firstDifference(policy: Policy, reference: ReferencePolicy, ids: Iterable<number>, max: number): number {
  const slotOf = new Map<number, number>();
  const idIn: number[] = [];
  const fingerprint = (id: number): number => Math.imul(id + 1, 0x9e3779b1);
  policy.attach({ max, hashOf: (slot) => fingerprint(idIn[slot] as number) });
  policy.grow(max);
  let at = 0;
  for (const id of ids) {
    const held = slotOf.get(id);
    if (reference.request(id) !== (held !== undefined)) return at;
    at++;
    if (held !== undefined) {
      policy.hit(held);
      continue;
    }
    let slot = slotOf.size + 1;
    if (slot > max) {
      slot = policy.evict(fingerprint(id));
      slotOf.delete(idIn[slot] as number);
    }
    slotOf.set(id, slot);
    idIn[slot] = id;
    policy.insert(slot, fingerprint(id));
  }
  return -1;
}

/** Some keys often, some now and then, and some never again. */
const requests: fc.Arbitrary<number[]> = fc
  .array(fc.tuple(fc.nat(40), fc.nat(9)), { minLength: 50, maxLength: 400, size: 'max' })
  .map((steps) => steps.map(([id, kind], at) => (kind === 0 ? 1000 + at : kind < 5 ? id % 12 : id)));

describe.each(names)('%s against its paper', (name) => {
  it('hits when the paper does, on requests at random', () => {
    const max = fc.constantFrom(1, 2, 3, 4, 10, 11, 25);
    fc.assert(
      fc.property(max, requests, (entries, ids) => {
        expect(firstDifference(policies[name](), references[name](entries), ids, entries)).toBe(-1);
      }),
      { numRuns: nightly ? 20_000 : 200 },
    );
  });

  it.each(generatedTraceNames)('hits when the paper does, on %s', (trace) => {
    const { ids } = generatedTrace(trace, 7, nightly ? 60_000 : 8000);
    for (const max of nightly ? [64, 256, 1000, 4000] : [64, 300]) {
      expect(firstDifference(policies[name](), references[name](max), ids, max), `at ${max} entries`).toBe(-1);
    }
  });
});

describe('s3Fifo against its paper, with other parts for newcomers and other promotions', () => {
  it('hits when the paper does', () => {
    const max = fc.constantFrom(2, 5, 12, 20, 30);
    const smallRatio = fc.constantFrom(0.01, 0.3, 0.5, 0.9);
    fc.assert(
      fc.property(max, smallRatio, fc.constantFrom(1, 2, 3), requests, (entries, ratio, promoteAt, ids) => {
        const policy = s3Fifo({ smallRatio: ratio, promoteAt });
        expect(firstDifference(policy, referenceS3Fifo(entries, ratio, promoteAt), ids, entries)).toBe(-1);
      }),
      { numRuns: nightly ? 20_000 : 200 },
    );
  });
});

interface Row {
  readonly trace: OpenTrace;
  readonly max: number;
  readonly hits: Readonly<Partial<Record<ReferenceName, number>>>;
}

const recorded: readonly Row[] = [
  { trace: 'web12', max: 413, hits: { lru: 50_909, clock: 51_594, sieve: 53_952, 's3-fifo': 55_584, arc: 53_451 } },
  {
    trace: 'arc-oltp',
    max: 1000,
    hits: { lru: 300_122, clock: 304_172, sieve: 297_626, 's3-fifo': 373_333, arc: 356_015 },
  },
  { trace: 'lirs-multi3', max: 224, hits: { lru: 4817, clock: 5368, sieve: 7093, 's3-fifo': 9269, arc: 9030 } },
  {
    trace: 'lirs-2_pools',
    max: 99,
    hits: { lru: 21_769, clock: 23_658, sieve: 47_698, 's3-fifo': 44_614, arc: 46_474 },
  },
];

/** Five million requests. */
const long: Row = {
  trace: 'orm-busy',
  max: 76,
  hits: { lru: 2_509_575, clock: 2_487_517, sieve: 2_009_511, 's3-fifo': 2_014_400, arc: 2_505_378 },
};

/** Percent, as in table V of the ARC paper, which prints two decimals. */
const oltp: readonly (readonly [max: number, lru: number, arc: number])[] = [
  [1000, 32.83, 38.95],
  [2000, 42.47, 46.08],
  [5000, 53.65, 55.25],
  [10_000, 60.7, 61.87],
  [15_000, 64.63, 65.4],
];

const present = openTrace('lirs-multi3') !== undefined;
const skipped = present ? '' : ' (skipped: the recorded traces are not here; TRACES names their folder)';

describe(`hits on recorded traces${skipped}`, () => {
  it.runIf(present).each(nightly ? [...recorded, long] : recorded)('$trace, $max entries', ({ trace, max, hits }) => {
    const opened = openTrace(trace);
    if (opened === undefined) throw new Error(`${trace} is missing among the recorded traces`);
    const got = names.map((name) => [name, replay(policies[name](), opened, max)]);
    expect(Object.fromEntries(got)).toEqual(hits);
    // The plain ones are slow.
    if (opened.ids.length > (nightly ? 1e6 : 2e5)) return;
    const plain = names.map((name) => [name, referenceHits(references[name](max), opened.ids)]);
    expect(Object.fromEntries(plain)).toEqual(hits);
  });

  it.runIf(present)('arc-oltp, as in the ARC paper', () => {
    const opened = openTrace('arc-oltp');
    if (opened === undefined) throw new Error('arc-oltp is missing among the recorded traces');
    const rate = (policy: Policy, max: number): number =>
      Math.round((10_000 * replay(policy, opened, max)) / opened.ids.length) / 100;
    expect(oltp.map(([max]) => [max, rate(lru(), max), rate(arc(), max)])).toEqual(oltp);
  });
});
