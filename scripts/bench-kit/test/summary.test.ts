import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineBench } from '../src/definition.ts';
import type { BenchDefinition } from '../src/definition.ts';
import { ContenderError, runRounds } from '../src/rounds.ts';
import { schedule } from '../src/schedule.ts';
import { figuresOf, median, summarize } from '../src/summary.ts';

const bench = (kind: 'time' | 'value' = 'time'): BenchDefinition =>
  defineBench({
    topic: 'demo',
    title: 'demo',
    rival: 'b',
    kind: kind as 'value',
    cases: [{ name: 'one' }, { name: 'two' }],
    contenders: { a: () => ({ value: 1 }), b: () => ({ value: 1 }), c: () => ({ value: 1 }) },
  });

describe('the schedule', () => {
  it('measures every contender once a round', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 12 }),
        (names, rounds) => {
          const orders = schedule(names, rounds);
          expect(orders).toHaveLength(rounds);
          for (const order of orders) expect([...order].sort()).toEqual([...names].sort());
        },
      ),
    );
  });

  it('gives every contender every place once in as many rounds as there are contenders', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }), (names) => {
        const orders = schedule(names, names.length);
        for (let place = 0; place < names.length; place++) {
          expect(new Set(orders.map((order) => order[place])).size).toBe(names.length);
        }
      }),
    );
  });
});

describe('the median', () => {
  it('has as many numbers below it as above it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (numbers) => {
        const middle = median(numbers);
        const below = numbers.filter((number) => number < middle).length;
        const above = numbers.filter((number) => number > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(numbers.length / 2);
      }),
    );
  });
  it('of an even count is the mean of the two in the middle', () => expect(median([4, 1, 3, 100])).toBe(3.5));
  it('ignores one wild sample', () => expect(median([10, 11, 9, 10, 5000])).toBe(10));
  it('of nothing is an error', () => expect(() => median([])).toThrow(RangeError));
});

describe('the figures', () => {
  const samples = new Map([
    ['a', [10, 20, 10]],
    ['b', [30, 40, 20]],
    ['c', [5, 10, 10]],
  ]);

  it('of a timed rival are its time over ours: above 1 when ours is faster', () => {
    expect(figuresOf('time', ['a', 'b', 'c'], samples)).toEqual({
      b: { median: 3, min: 2, max: 3 },
      c: { median: 1, min: 0.5, max: 1 },
    });
  });
  it('of values are the values themselves, ours among them', () => {
    expect(figuresOf('value', ['a', 'b'], samples)).toEqual({
      a: { median: 10, min: 10, max: 20 },
      b: { median: 30, min: 20, max: 40 },
    });
  });
  it('keep counts exact and cut fractions to four digits', () => {
    const exact = new Map([
      ['a', [3]],
      ['b', [1234567]],
      ['c', [0.123456]],
    ]);
    expect(figuresOf('value', ['a', 'b', 'c'], exact)).toMatchObject({ b: { median: 1234567 }, c: { median: 0.1235 } });
    expect(figuresOf('time', ['a', 'b'], exact)).toMatchObject({ b: { median: 411500 } });
  });
  it('leave no absolute time in the results', () => {
    const results = summarize(bench(), [samples, samples], { rounds: 3, node: 20, cpus: 2 });
    expect(Object.keys(results.cases[0]!.figures)).toEqual(['b', 'c']);
    expect(results).toMatchObject({ rounds: 3, node: 20, cpus: 2, contenders: ['a', 'b', 'c'] });
  });
});

describe('the rounds', () => {
  it('interleave the contenders within a case and finish a case before the next', async () => {
    const seen: string[] = [];
    await runRounds(bench(), 2, async (contender, caseName) => seen.push(`${caseName}:${contender}`));
    expect(seen).toEqual([
      ...['one:a', 'one:b', 'one:c', 'one:b', 'one:c', 'one:a'],
      ...['two:a', 'two:b', 'two:c', 'two:b', 'two:c', 'two:a'],
    ]);
  });
  it('keep each sample with its contender whatever the order was', async () => {
    const base: Record<string, number> = { a: 100, b: 200, c: 300 };
    let calls = 0;
    const [one] = await runRounds(bench(), 3, async (contender) => base[contender]! + Math.floor(calls++ / 3));
    expect(one).toEqual(
      new Map([
        ['a', [100, 101, 102]],
        ['b', [200, 201, 202]],
        ['c', [300, 301, 302]],
      ]),
    );
  });
  it('end at the first contender that fails, naming topic, case and contender', async () => {
    const run = runRounds(bench(), 2, async (contender, caseName) => {
      if (caseName === 'two' && contender === 'b') throw new Error('lost an entry');
      return 1;
    });
    await expect(run).rejects.toThrow(new ContenderError('demo, two: b failed: lost an entry'));
  });
});

describe('a definition', () => {
  const good = {
    topic: 'demo',
    title: 'demo',
    rival: 'b',
    kind: 'value',
    cases: [{ name: 'one' }],
    contenders: { a: () => ({ value: 1 }), b: () => ({ value: 1 }) },
  } as const;
  it.each([
    ['topic', { topic: 'Demo Bench' }],
    ['title', { title: '' }],
    ['two contenders', { contenders: { b: () => ({ value: 1 }) } }],
    ['rival', { rival: 'a' }],
    ['rival', { rival: 'nobody' }],
    ['cases', { cases: [] }],
    ['cases', { cases: [{ name: 'one' }, { name: 'one' }] }],
  ])('is refused with a wrong %s', (what, wrong) => {
    expect(() => defineBench({ ...good, ...wrong })).toThrow(new RegExp(what));
  });
});
