import { expect, test } from 'vitest';
import { porter } from '../src/analysis/porter.ts';
import { InvertedIndex } from '../src/index.ts';
import { lengthOf, normOf } from '../src/search/bm25.ts';

const mappings = {
  properties: { title: { type: 'text' }, body: { type: 'text' }, tags: { type: 'keyword' }, stars: { type: 'long' } },
} as const;
async function example(): Promise<InvertedIndex<typeof mappings>> {
  const index = await InvertedIndex.open({ mappings });
  await index.bulk([
    {
      index: { title: 'Consistent hashing', body: '<i>A ring of virtual nodes <b>', tags: ['routing'], stars: 12 },
      id: 'ring',
    },
    { index: { title: 'Sagas', body: 'Nodes undo what they did', tags: ['workflow'], stars: 3 }, id: 'saga' },
  ]);
  return index;
}
async function ids(
  index: InvertedIndex<typeof mappings>,
  query: Parameters<typeof index.count>[0],
): Promise<readonly string[]> {
  return (await index.search(query === undefined ? {} : { query })).hits.hits.map(({ _id }) => _id);
}

test("the stemmer gives the stems of Porter's paper", () => {
  const pairs =
    'caresses:caress ponies:poni cats:cat feed:feed agreed:agre plastered:plaster sing:sing motoring:motor hopping:hop filing:file happy:happi sky:sky relational:relat generalization:gener oscillators:oscil probate:probat rate:rate controll:control roll:roll adoption:adopt';
  for (const pair of pairs.split(' ')) {
    const [word = '', stem] = pair.split(':');
    expect(porter(word), word).toBe(stem);
  }
});

test('norms are exact below 40 and then lose only low bits', () => {
  for (const [length, norm, back] of [
    [39, 39, 39],
    [42, 41, 42],
    [100, 57, 96],
    [1000, 87, 984],
    [1e6, 167, 983064],
  ] as const) {
    expect([normOf(length), lengthOf(normOf(length))]).toEqual([norm, back]);
  }
});

test('tokens keep offsets of the original text; a stop word leaves a hole', async () => {
  const index = await example();
  expect(index.analyze({ field: 'body', text: "Straße of O'Neil's café" })).toEqual([
    { token: 'strass', start_offset: 0, end_offset: 6, position: 0 },
    { token: "o'neil", start_offset: 10, end_offset: 18, position: 2 },
    { token: 'cafe', start_offset: 19, end_offset: 23, position: 3 },
  ]);
});

test('a string searches every text field; must, filter, must_not and minimum_should_match combine', async () => {
  const index = await example();
  expect(await ids(index, { combined_fields: { query: 'hash rings' } })).toEqual(['ring']);
  expect((await index.search('hash rings')).hits.hits[0]?._id).toBe('ring');
  expect(
    await ids(index, { bool: { must: { match: { body: 'node' } }, filter: { range: { stars: { gte: 10 } } } } }),
  ).toEqual(['ring']);
  expect(
    await ids(index, { bool: { must: { match: { body: 'node' } }, must_not: { term: { tags: 'routing' } } } }),
  ).toEqual(['saga']);
  expect(await ids(index, { match: { body: { query: 'virtual node', operator: 'and' } } })).toEqual(['ring']);
  expect(
    await ids(index, { match: { body: { query: 'virtual ring undo node', minimum_should_match: '75%' } } }),
  ).toEqual(['ring']);
  expect(await ids(index, { prefix: { tags: 'work' } })).toEqual(['saga']);
  expect(await ids(index, { terms: { stars: [3, 4] } })).toEqual(['saga']);
});

test('highlights encode the text around the tags', async () => {
  const index = await example();
  const { hits } = await index.search({ query: { match: { body: 'node' } }, highlight: { fields: { body: {} } } });
  expect(hits.hits.find(({ _id }) => _id === 'ring')?.highlight).toEqual({
    body: ['&lt;i&gt;A ring of virtual <em>nodes</em> &lt;b&gt;'],
  });
});

test('mistakes name their place and leave no trace', async () => {
  const index = await example();
  const wrong = { query: { bool: { should: [{ match_all: {} }, { mtch: { body: 'x' } }] } } } as never;
  await expect(index.search(wrong)).rejects.toMatchObject({ code: 'unknown_key', path: 'query.bool.should[1]' });
  await expect(index.search({ query: { match: { nope: 'x' } } } as never)).rejects.toMatchObject({
    code: 'unknown_field',
  });
  await expect(index.search({ size: 10_001 })).rejects.toMatchObject({ code: 'limit_exceeded' });
  const { errors, items } = await index.bulk([
    { index: { stars: 0.5 }, id: 'bad' },
    { index: { stars: 1 }, id: 'good' },
  ]);
  expect([errors, items.map((item) => 'error' in item)]).toEqual([true, [true, false]]);
  expect(await index.count()).toBe(3);
  await index.close();
  await expect(index.count()).rejects.toMatchObject({ code: 'closed' });
});
