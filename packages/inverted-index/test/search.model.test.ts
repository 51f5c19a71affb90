import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvertedIndex } from '../src/index.ts';
import { lengthOf, normOf } from '../src/search/bm25.ts';

const mappings = { properties: { body: { type: 'text', analyzer: 'whitespace' }, n: { type: 'long' } } } as const;
const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 90, size: 'max' });
const corpus = fc.array(words, { minLength: 1, maxLength: 25 });

/** BM25 read straight from the documents. */
function oracle(
  docs: readonly (readonly string[])[],
  query: readonly string[],
): readonly (readonly [string, number])[] {
  const average = Math.fround(docs.reduce((sum, doc) => sum + doc.length, 0) / docs.length);
  const scored = docs.flatMap((doc, i): (readonly [string, number])[] => {
    let total = 0;
    for (const word of query) {
      const tf = doc.filter((w) => w === word).length;
      const df = docs.filter((d) => d.includes(word)).length;
      const w = Math.fround(Math.log(1 + (docs.length - df + 0.5) / (df + 0.5)));
      const inverse = Math.fround(1 / (0.9 * (1 - 0.4 + (0.4 * lengthOf(normOf(doc.length))) / average)));
      if (tf > 0) total += Math.fround(w - w / (1 + tf * inverse));
    }
    return total > 0 ? [[String(i), Math.fround(total)]] : [];
  });
  return scored.toSorted((x, y) => y[1] - x[1] || Number(x[0]) - Number(y[0]));
}

async function build(
  docs: readonly (readonly string[])[],
  cuts: ReadonlySet<number>,
): Promise<InvertedIndex<typeof mappings>> {
  const index = await InvertedIndex.open({ mappings });
  for (const [i, doc] of docs.entries()) {
    await index.index({ body: doc.join(' '), n: i }, { id: String(i) });
    if (cuts.has(i)) await index.refresh();
  }
  return index;
}

test('scores and order are BM25 over all documents, wherever the segments are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      corpus,
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'z'), { minLength: 1 }),
      fc.array(fc.nat(24)),
      async (docs, query, cuts) => {
        const index = await build(docs, new Set(cuts));
        const { hits } = await index.search({ query: { match: { body: query.join(' ') } }, size: 100 });
        const wanted = oracle(docs, query);
        expect(hits.hits.map(({ _id, _score }) => [_id, _score])).toEqual(wanted);
        expect(hits.total).toEqual({ value: wanted.length, relation: 'eq' });
        const page = await index.search({ query: { match: { body: query.join(' ') } }, from: 1, size: 3 });
        expect(page.hits.hits.map(({ _id }) => _id)).toEqual(wanted.slice(1, 4).map(([id]) => id));
      },
    ),
  );
});

test('an exact phrase matches where its words stand side by side, and highlights exactly there', async () => {
  await fc.assert(
    fc.asyncProperty(
      corpus,
      fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 2, maxLength: 3 }),
      async (docs, phrase) => {
        const index = await build(docs, new Set([3]));
        const fields = { body: { number_of_fragments: 0 } };
        const { hits } = await index.search({
          query: { match_phrase: { body: phrase.join(' ') } },
          size: 100,
          highlight: { fields },
        });
        const at = (doc: readonly string[], i: number): boolean => phrase.every((word, k) => doc[i + k] === word);
        const wanted = docs.flatMap((doc, i) => (doc.some((_, p) => at(doc, p)) ? [String(i)] : []));
        expect(hits.hits.map(({ _id }) => _id).toSorted()).toEqual(wanted.toSorted());
        for (const hit of hits.hits) {
          const doc = docs[Number(hit._id)] ?? [];
          const marked = doc.map((word, i) => (phrase.some((_, k) => at(doc, i - k)) ? `<em>${word}</em>` : word));
          expect(hit.highlight?.['body']).toEqual([marked.join(' ')]);
        }
      },
    ),
  );
});

test('after any writes and deletes the live documents are those of a Map', async () => {
  const op = fc.record({
    id: fc.constantFrom('x', 'y', '__proto__'),
    kind: fc.constantFrom('index', 'create', 'delete', 'refresh'),
    n: fc.nat(9),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 30 }), async (ops) => {
      const index = await InvertedIndex.open({ mappings });
      const model = new Map<string, number>();
      for (const { id, kind, n } of ops) {
        if (kind === 'refresh') await index.refresh();
        else if (kind === 'delete') {
          const { result } = await index.delete(id);
          expect(result).toBe(model.delete(id) ? 'deleted' : 'not_found');
        } else {
          const { result } = await index.index(
            { body: `w${n}`, n },
            { id, op_type: kind === 'create' ? 'create' : 'index' },
          );
          expect(result).toBe(!model.has(id) ? 'created' : kind === 'create' ? 'conflict' : 'updated');
          if (result !== 'conflict') model.set(id, n);
        }
      }
      for (const bound of [0, 5]) {
        const { hits } = await index.search({
          query: { bool: { filter: { range: { n: { gte: bound } } }, must_not: { term: { body: 'w7' } } } },
        });
        const wanted = [...model].filter(([, n]) => n >= bound && n !== 7).map(([id]) => id);
        expect(hits.hits.map(({ _id }) => _id).toSorted()).toEqual(wanted.toSorted());
      }
      for (const id of ['x', 'y', '__proto__']) {
        const got = await index.get(id);
        expect(got.found ? got._source.n : undefined).toBe(model.get(id));
      }
    }),
  );
});
