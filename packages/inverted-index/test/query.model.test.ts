import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvertedIndex, type Query } from '../src/index.ts';
import { lengthOf, normOf } from '../src/search/bm25.ts';
import { phraseFrequency } from '../src/search/phrase.ts';
import { TopK } from '../src/search/top-k.ts';

const mappings = {
  properties: {
    title: { type: 'text', analyzer: 'whitespace', weight: 2 },
    body: { type: 'text', analyzer: 'whitespace', weight: 1 },
    tag: { type: 'keyword' },
    n: { type: 'long' },
  },
} as const;
type Field = 'title' | 'body' | 'tag';
interface Doc {
  readonly title: readonly string[];
  readonly body: readonly string[];
  readonly tag: readonly string[];
  readonly n: number;
}
const words = ['a', 'ab', 'b', 'c', 'd'];
const text = fc.array(fc.constantFrom(...words), { maxLength: 60, size: 'max' });
const doc: fc.Arbitrary<Doc> = fc.record({
  title: fc.array(fc.constantFrom(...words), { maxLength: 4 }),
  body: text,
  tag: fc.uniqueArray(fc.constantFrom('x', 'xy', 'y'), { maxLength: 2 }),
  n: fc.nat(5),
});

type Q = Query<'title' | 'body' | 'tag' | 'n'>;
const field = fc.constantFrom('title' as const, 'body');
const some = fc.array(fc.constantFrom(...words, 'absent'), { maxLength: 4 });
const boost = fc.constantFrom(1, 2, 0.5);
const leaf: fc.Arbitrary<Q> = fc.oneof(
  fc
    .tuple(field, some, fc.constantFrom('or' as const, 'and'), fc.constantFrom(1, 2, '75%', '-1'), boost)
    .map(([f, w, operator, minimum_should_match, b]): Q => ({
      match: { [f]: { query: w.join(' '), operator, minimum_should_match, boost: b } },
    })),
  fc.tuple(some, boost).map(([w, b]): Q => ({ combined_fields: { query: w.join(' '), boost: b } })),
  fc.tuple(field, some).map(([f, w]): Q => ({ match_phrase: { [f]: w.join(' ') } })),
  fc.constantFrom('x', 'y', 'z').map((value): Q => ({ term: { tag: value } })),
  fc.constant<Q>({ terms: { tag: ['xy', 'y'] } }),
  fc.constantFrom('', 'x', 'xy', 'q').map((value): Q => ({ prefix: { tag: { value, boost: 2 } } })),
  fc.constantFrom('a', 'b').map((value): Q => ({ prefix: { body: value } })),
  fc.tuple(fc.nat(5), fc.nat(5)).map(([gt, lte]): Q => ({ range: { n: { gt, lte } } })),
  fc.constant<Q>({ match_all: { boost: 3 } }),
  fc.constant<Q>({ match_none: {} }),
);
const { tree } = fc.letrec<{ tree: Q }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .record(
        {
          must: fc.array(tie('tree'), { maxLength: 2 }),
          should: fc.array(tie('tree'), { maxLength: 3 }),
          filter: fc.array(tie('tree'), { maxLength: 2 }),
          must_not: fc.array(tie('tree'), { maxLength: 1 }),
          minimum_should_match: fc.constantFrom<number | string>(0, 1, 2, '50%', -1),
          boost,
        },
        { requiredKeys: [] },
      )
      .map((bool): Q => ({ bool })),
  ),
}));

/** The score of one document, read from the documents themselves; undefined = no match. */
function oracle(docs: readonly Doc[], query: Q, d: Doc, boosted = 1): number | undefined {
  const holders = (f: Field): readonly Doc[] => docs.filter((x) => x[f].length > 0);
  const tf = (f: Field, word: string, x: Doc): number => x[f].filter((w) => w === word).length;
  const idf = (n: number, df: number): number => Math.fround(Math.log(1 + (n - df + 0.5) / (df + 0.5)));
  const inverse = (f: Field): number => {
    if (f === 'tag') return Math.fround(1 / 0.9);
    const average = Math.fround(holders(f).reduce((sum, x) => sum + x[f].length, 0) / holders(f).length);
    return Math.fround(1 / (0.9 * (1 - 0.4 + (0.4 * lengthOf(normOf(d[f].length))) / average)));
  };
  const fuse = (w: number, s: number): number | undefined => (s > 0 ? Math.fround(w - w / (1 + s)) : undefined);
  const group = (fields: readonly (readonly [Field, number])[], word: string, b: number): number | undefined => {
    const df = Math.max(...fields.map(([f]) => docs.filter((x) => tf(f, word, x) > 0).length));
    const n = Math.max(...fields.map(([f]) => holders(f).length));
    const held = fields.filter(([f]) => tf(f, word, d) > 0);
    const s = held.reduce((sum, [f, w]) => sum + w * tf(f, word, d) * inverse(f), 0);
    return fuse(Math.fround(b * idf(n, df)), s);
  };
  const atLeast = (list: readonly (number | undefined)[], min: number): number | undefined => {
    const found = list.filter((score) => score !== undefined);
    return found.length >= min ? found.reduce((sum, score) => sum + score, 0) : undefined;
  };
  const minimum = (given: number | string | undefined, count: number, fallback: number): number => {
    if (given === undefined) return fallback;
    const part = String(given).endsWith('%')
      ? Math.floor((count * Number.parseInt(String(given))) / 100)
      : Number(given);
    return part < 0 ? Math.max(0, count + part) : part;
  };
  const split = (s: string): readonly string[] => s.split(' ').filter((w) => w !== '');
  const constant = (yes: boolean, b: number): number | undefined => (yes ? Math.fround(b) : undefined);

  if ('match_all' in query) return constant(true, boosted * (query.match_all.boost ?? 1));
  if ('match_none' in query) return undefined;
  if ('match' in query) {
    const [[f, spec]] = Object.entries(query.match) as [[Field, { query: string; operator: string; boost: number }]];
    const list = split(spec.query);
    const given = (spec as { minimum_should_match?: number | string }).minimum_should_match;
    if (list.length === 0) return undefined;
    const min = spec.operator === 'and' ? list.length : Math.max(1, minimum(given, list.length, 1));
    return atLeast(
      list.map((word) => group([[f, 1]], word, boosted * spec.boost)),
      min,
    );
  }
  if ('combined_fields' in query) {
    const { query: string, boost: b = 1 } = query.combined_fields;
    const fields = [
      ['body', 1],
      ['title', 2],
    ] as const;
    return atLeast(
      split(string).map((word) => group(fields, word, boosted * b)),
      1,
    );
  }
  if ('match_phrase' in query) {
    const [[f, string]] = Object.entries(query.match_phrase) as [[Field, string]];
    const list = split(string);
    if (list.length === 0) return undefined;
    if (list.length === 1) return group([[f, 1]], string, boosted);
    const frequency = d[f].filter((_, p) => list.every((word, k) => d[f][p + k] === word)).length;
    const df = (word: string): number => docs.filter((x) => tf(f, word, x) > 0).length;
    const sum = list.reduce((s, word) => s + idf(holders(f).length, df(word)), 0);
    return frequency === 0 ? undefined : fuse(Math.fround(boosted * sum), frequency * inverse(f));
  }
  if ('term' in query) return group([['tag', 1]], query.term.tag as string, boosted);
  if ('terms' in query) return constant(query.terms.tag?.some((t) => d.tag.includes(String(t))) === true, boosted);
  if ('prefix' in query) {
    const [[f, spec]] = Object.entries(query.prefix) as [[Field, string | { value: string; boost: number }]];
    const { value, boost: b } = typeof spec === 'string' ? { value: spec, boost: 1 } : spec;
    return constant(
      d[f].some((w) => w.startsWith(value)),
      boosted * b,
    );
  }
  if ('range' in query) {
    const { gt = 0, lte = 0 } = query.range.n ?? {};
    return constant(d.n > Number(gt) && d.n <= Number(lte), boosted);
  }
  const { bool } = query;
  const b = boosted * (bool.boost ?? 1);
  const list = (given: unknown): readonly Q[] => (given === undefined ? [] : (given as readonly Q[]));
  const [must, should, filter, not] = [list(bool.must), list(bool.should), list(bool.filter), list(bool.must_not)];
  if (must.length + should.length + filter.length + not.length === 0) return constant(true, b);
  const score = (q: Q): number | undefined => oracle(docs, q, d, b);
  const needed = minimum(
    bool.minimum_should_match,
    should.length,
    must.length + filter.length === 0 && should.length > 0 ? 1 : 0,
  );
  const required = atLeast(must.map(score), must.length);
  const optional = atLeast(should.map(score), needed);
  if (required === undefined || optional === undefined) return undefined;
  if (!filter.every((q) => score(q) !== undefined) || not.some((q) => score(q) !== undefined)) return undefined;
  return required + optional;
}

test('any query finds and scores what reading every document finds, wherever the segments are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(doc, { minLength: 1, maxLength: 12 }),
      tree,
      fc.array(fc.nat(11)),
      async (docs, query, cuts) => {
        const index = await InvertedIndex.open({ mappings });
        for (const [i, { title, body, tag, n }] of docs.entries()) {
          await index.index({ title: title.join(' '), body: body.join(' '), tag, n }, { id: String(i) });
          if (cuts.includes(i)) await index.refresh();
        }
        const { hits } = await index.search({ query, size: 100 });
        const wanted = docs
          .flatMap((d, i): (readonly [string, number])[] => {
            const score = oracle(docs, query, d);
            return score === undefined ? [] : [[String(i), Math.fround(score)]];
          })
          .toSorted((x, y) => y[1] - x[1] || Number(x[0]) - Number(y[0]));
        expect(hits.hits.map(({ _id, _score }) => [_id, _score])).toEqual(wanted);
        expect(hits.max_score).toBe(wanted[0]?.[1] ?? null);
        expect(await index.count(query)).toBe(wanted.length);
      },
    ),
    { numRuns: 1500 },
  );
});

test('a phrase with slop matches if some choice of places is narrow enough', () => {
  const places = fc
    .uniqueArray(fc.nat(15), { minLength: 1, maxLength: 5 })
    .map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(fc.array(places, { minLength: 2, maxLength: 4 }), fc.nat(6), (lists, slop) => {
      const positions = Uint32Array.from(lists.flat());
      let at = 0;
      const terms = lists.map((list, shift) => ({ from: at, to: (at += list.length), shift }));
      const choices = lists.reduce<readonly (readonly number[])[]>(
        (all, list, i) => all.flatMap((chosen) => list.map((p) => [...chosen, p - i])),
        [[]],
      );
      const spreads = choices.map((chosen) => Math.max(...chosen) - Math.min(...chosen));
      const frequency = phraseFrequency(positions, terms, slop);
      expect(frequency > 0).toBe(Math.min(...spreads) <= slop);
      if (slop === 0) expect(frequency).toBe(spreads.filter((spread) => spread === 0).length);
    }),
    { numRuns: 2000 },
  );
});

test('the tightest window of a loose phrase counts 1 / (1 + spread), and each occurrence once', () => {
  const frequency = (lists: readonly (readonly number[])[], slop: number): number => {
    let at = 0;
    const terms = lists.map((list, shift) => ({ from: at, to: (at += list.length), shift }));
    return phraseFrequency(Uint32Array.from(lists.flat()), terms, slop);
  };
  expect(frequency([[3], [4]], 1)).toBe(1);
  expect(frequency([[3], [6]], 1)).toBe(0);
  expect(frequency([[1, 3], [6]], 2)).toBeCloseTo(1 / 3);
  expect(
    frequency(
      [
        [1, 11],
        [3, 13],
      ],
      1,
    ),
  ).toBe(1);
  // the first word moves on as long as it stays the earliest: its second place makes the window, not its first
  expect(frequency([[1, 3], [4]], 2)).toBe(1);
});

test('must_not and minimum_should_match hold among few candidates too', async () => {
  const index = await InvertedIndex.open({ mappings });
  for (let i = 0; i < 100; i += 1)
    await index.index({ body: i === 7 ? 'a b' : i === 8 ? 'a' : 'c' }, { id: String(i) });
  const must = { match: { body: 'a' } };
  const must_not = { match: { body: 'b' } };
  for (const query of [{ bool: { must, must_not } }, { bool: { should: [must], must_not } }]) {
    const { hits } = await index.search({ query });
    expect(hits.hits.map(({ _id }) => _id)).toEqual(['8']);
  }
  expect(await index.count({ match: { body: { query: 'a b', minimum_should_match: 2 } } })).toBe(1);
});

test('the values of a field are no neighbours: no phrase runs across them', async () => {
  const index = await InvertedIndex.open({ mappings });
  await index.index({ body: ['a b', 'c d'] }, { id: 'x' });
  const count = (phrase: string, slop = 0): Promise<number> =>
    index.count({ match_phrase: { body: { query: phrase, slop } } });
  expect([await count('a b'), await count('c d'), await count('b c'), await count('b c', 50)]).toEqual([1, 1, 0, 0]);
});

test('the k best of a stream are the first k of all in order, whatever the order of arrival and the ties', () => {
  const candidate = fc.record({ doc: fc.nat(30), score: fc.nat(3) });
  const stream = fc.uniqueArray(candidate, { selector: ({ doc: d }) => d });
  fc.assert(
    fc.property(fc.nat(8), stream, (k, given) => {
      const best = new TopK(k);
      for (const { doc: d, score } of given) best.offer(d, score);
      expect(best.ranked()).toEqual(given.toSorted((a, b) => b.score - a.score || a.doc - b.doc).slice(0, k));
    }),
    { numRuns: 2000 },
  );
});

test('a boolean finds and scores the same through few candidates as through all documents', async () => {
  const index = await InvertedIndex.open({ mappings });
  const padded = await InvertedIndex.open({ mappings });
  await fc.assert(
    fc.asyncProperty(fc.array(doc, { minLength: 1, maxLength: 8 }), tree, async (docs, query) => {
      // the padding has no text, so the statistics are the same
      for (const [i, { title, body, tag, n }] of docs.entries()) {
        const document = { title: title.join(' '), body: body.join(' '), tag, n };
        await index.index(document, { id: String(i) });
        await padded.index(document, { id: String(i) });
      }
      for (let i = docs.length; i < 400; i += 1) await padded.index({ n: -1 }, { id: String(i) });
      const live = async (from: typeof index): Promise<unknown> => {
        const { hits } = await from.search({
          query: { bool: { must: query, filter: { range: { n: { gte: 0 } } } } },
          size: 100,
        });
        return hits.hits.map(({ _id, _score }) => [_id, _score]);
      };
      expect(await live(padded)).toEqual(await live(index));
      for (let i = 0; i < 400; i += 1) for (const from of [index, padded]) await from.delete(String(i));
    }),
    { numRuns: 60 },
  );
});
