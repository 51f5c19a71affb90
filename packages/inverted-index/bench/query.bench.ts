/**
 * Searching: the ten best of 20,000 documents for one, two or three words, rare and frequent, over title and text.
 *
 * A frequent word is held by about a tenth of the documents, a rare one by about one in a thousand. Both contenders
 * return the ids of the ten best; minisearch ranks every hit and the first ten are taken. Words are joined by OR, the
 * default of both. Phrases are left out, because minisearch has none.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { type Doc, corpus, wordsHeldBy } from './corpus.ts';

interface Case {
  readonly name: string;
  /** Of each word: the part of the documents that hold it. */
  readonly shares: readonly number[];
}

const [rare, frequent] = [0.001, 0.1];
const operations = 20;

function queriesOf({ shares }: Case, docs: readonly Doc[]): string[] {
  const lists = shares.map((share) => wordsHeldBy(docs, share));
  // three strides, so that the words of a query are not neighbours in frequency and never equal
  return Array.from({ length: operations }, (_, i) => lists.map((words, j) => words[i + j * operations]).join(' '));
}

/** The top ten of each query hold documents, and each of these holds a word of the query. */
function sensible(docs: readonly Doc[], queries: readonly string[], answers: readonly (readonly string[])[]): void {
  const byId = new Map(docs.map((doc) => [doc.id, `${doc.title} ${doc.text}`.toLowerCase()]));
  queries.forEach((query, i) => {
    assert.ok((answers[i] ?? []).length > 0, `nothing found for ${query}`);
    const best = byId.get(answers[i]?.[0] ?? '') ?? '';
    // stems: "libraries" is found by "library"
    assert.ok(
      query.split(' ').some((word) => best.includes(word.slice(0, 4))),
      `the best for ${query} does not hold it`,
    );
  });
}

function contender(
  docs: readonly Doc[],
  queries: readonly string[],
  search: (query: string) => Promise<string[]> | string[],
): TimedContender {
  let answers: string[][] = [];
  return {
    operations,
    run: async () => {
      answers = [];
      for (const query of queries) answers.push(await search(query));
      return answers;
    },
    check: () => sensible(docs, queries, answers),
  };
}

export default defineBench<Case>({
  topic: 'query',
  title: 'the 10 best of 20,000 documents',
  rival: 'minisearch',
  kind: 'time',
  cases: [
    { name: '1 rare word', shares: [rare] },
    { name: '1 frequent word', shares: [frequent] },
    { name: '2 rare words', shares: [rare, rare] },
    { name: '1 rare and 1 frequent word', shares: [rare, frequent] },
    { name: '3 frequent words', shares: [frequent, frequent, frequent] },
  ],
  contenders: {
    '@loadbearing/inverted-index': async (c) => {
      const { InvertedIndex } = await import('@loadbearing/inverted-index');
      const docs = corpus();
      const index = await InvertedIndex.open({
        mappings: { properties: { title: { type: 'text' }, text: { type: 'text' } } },
      });
      for (const { id, title, text } of docs) await index.index({ title, text }, { id });
      return contender(docs, queriesOf(c, docs), async (query) => {
        const { hits } = await index.search({ query: { combined_fields: { query } }, _source: false });
        return hits.hits.map(({ _id }) => _id);
      });
    },
    minisearch: async (c) => {
      const { default: MiniSearch } = await import('minisearch');
      const docs = corpus();
      const index = new MiniSearch({ fields: ['title', 'text'] });
      index.addAll(docs);
      return contender(docs, queriesOf(c, docs), (query) =>
        index
          .search(query)
          .slice(0, 10)
          .map(({ id }) => id as string),
      );
    },
  },
});
