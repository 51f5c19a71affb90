/**
 * Indexing: 1,000 documents into an empty index, made searchable. Ours notes positions, for phrases; minisearch does
 * not. Both analyse with their defaults; ours also stems and folds accents.
 */
import assert from 'node:assert';
import { defineBench } from '@loadbearing/bench-kit';
import { corpus } from './corpus.ts';

const operations = 1000;

export default defineBench({
  topic: 'build',
  title: 'indexing',
  rival: 'minisearch',
  kind: 'time',
  cases: [{ name: '1,000 documents' }],
  contenders: {
    '@loadbearing/inverted-index': async () => {
      const { InvertedIndex } = await import('@loadbearing/inverted-index');
      const docs = corpus().slice(0, operations);
      let found = 0;
      return {
        operations,
        run: async () => {
          const index = await InvertedIndex.open({
            mappings: { properties: { title: { type: 'text' }, text: { type: 'text' } } },
          });
          for (const { id, title, text } of docs) await index.index({ title, text }, { id });
          await index.refresh();
          return (found = await index.count());
        },
        check: () => assert.equal(found, operations),
      };
    },
    minisearch: async () => {
      const { default: MiniSearch } = await import('minisearch');
      const docs = corpus().slice(0, operations);
      let found = 0;
      return {
        operations,
        run: () => {
          const index = new MiniSearch({ fields: ['title', 'text'] });
          index.addAll(docs);
          return (found = index.documentCount);
        },
        check: () => assert.equal(found, operations),
      };
    },
  },
});
