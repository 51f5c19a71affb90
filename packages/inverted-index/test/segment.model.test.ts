import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvertedIndex } from '../src/index.ts';
import { Schema } from '../src/schema/mapping.ts';
import { merge } from '../src/segment/merge.ts';
import { Buffer, type Segment, byCodePoint, clear } from '../src/segment/segment.ts';

const schema = new Schema({
  properties: {
    title: { type: 'text', analyzer: 'whitespace' },
    body: { type: 'text', analyzer: 'whitespace', fields: { raw: { type: 'keyword' } } },
    n: { type: 'long' },
  },
});
const word = fc.constantFrom('a', 'b', 'c', 'z\u{10ffff}', 'z\uffee', 'long'.repeat(20));
const text = fc.oneof(
  fc.array(word, { maxLength: 50 }).map((words) => words.join(' ')),
  fc.array(word, { maxLength: 3 }),
);
const document = fc.record(
  { title: text, body: text, n: fc.oneof(fc.nat(9), fc.array(fc.nat(9), { maxLength: 3 })) },
  { requiredKeys: [] },
);

interface Part {
  readonly docs: readonly { readonly doc: object; readonly dead: boolean }[];
}

function segmentOf(docs: readonly object[]): Segment {
  const buffer = new Buffer(schema);
  for (const [i, doc] of docs.entries()) buffer.add({ id: String(i), json: JSON.stringify(doc) }, schema.values(doc));
  return buffer.freeze();
}

test('a merge is the segment of the live documents, array for array', () => {
  const part: fc.Arbitrary<Part> = fc.record({
    docs: fc.array(fc.record({ doc: document, dead: fc.boolean() }), { maxLength: 8 }),
  });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
      const segments = parts.map(({ docs }) => {
        const segment = segmentOf(docs.map(({ doc }) => doc));
        docs.forEach(({ dead }, i) => dead && clear(segment, i));
        return segment;
      });
      const { stored: _, ...merged } = merge(segments);
      const live = parts.flatMap(({ docs }) => docs.filter(({ dead }) => !dead).map(({ doc }) => doc));
      const { stored: __, ...rebuilt } = segmentOf(live);
      expect(merged).toEqual(rebuilt);
      expect(_.map(({ json }) => json)).toEqual(live.map((doc) => JSON.stringify(doc)));
    }),
    { numRuns: 500 },
  );
});

test('terms are sorted as their UTF-8 bytes are', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 })), (words) => {
      const bytes = (s: string): string =>
        Array.from(encoder.encode(s), (b) => b.toString(16).padStart(2, '0')).join('');
      const wanted = words.toSorted((a, b) => (bytes(a) < bytes(b) ? -1 : bytes(a) > bytes(b) ? 1 : 0));
      expect(words.toSorted(byCodePoint)).toEqual(wanted);
    }),
  );
});

const mappings = { properties: { body: { type: 'text', analyzer: 'whitespace' } } } as const;
async function scores(index: InvertedIndex<typeof mappings>): Promise<readonly (readonly [string, number | null])[]> {
  const { hits } = await index.search({ query: { match: { body: 'a b' } }, size: 100 });
  return hits.hits.map(({ _id, _score }) => [_id, _score]);
}
async function build(ids: readonly number[]): Promise<InvertedIndex<typeof mappings>> {
  const index = await InvertedIndex.open({ mappings });
  for (const i of ids) await index.index({ body: i % 2 === 0 ? 'a b' : 'b' }, { id: String(i) });
  return index;
}

test('deleted documents count in the statistics until a third of their segment is gone, and then no more', async () => {
  const index = await build([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const before = await scores(index);
  for (const id of ['0', '1', '2']) await index.delete(id);
  expect(await scores(index)).toEqual(before.filter(([id]) => Number(id) > 2));
  expect(index.stats()).toMatchObject({ docs: 6, deleted: 3 });
  await index.delete('3');
  expect(await scores(index)).toEqual(await scores(await build([4, 5, 6, 7, 8])));
  expect(index.stats()).toMatchObject({ docs: 5, deleted: 0 });
});

test('an index from which everything was deleted holds no segment', async () => {
  const index = await build([0, 1, 2]);
  await index.refresh();
  for (const id of ['0', '1', '2']) await index.delete(id);
  expect(await index.count()).toBe(0);
  expect(index.stats()).toMatchObject({ docs: 0, deleted: 0, postings: 0, segments: [] });
});

test('however often documents are replaced, segments stay few and hold at most half as many again', async () => {
  const index = await build(Array.from({ length: 40 }, (_, i) => i));
  for (let round = 0; round < 400; round += 1) {
    await index.index({ body: 'a' }, { id: String((round * 7) % 40) });
    if (round % 3 === 0) await index.refresh();
    const { docs, deleted, segments } = index.stats();
    expect(docs).toBe(40);
    expect(deleted).toBeLessThanOrEqual(20);
    expect(segments.length).toBeLessThanOrEqual(7);
  }
});
