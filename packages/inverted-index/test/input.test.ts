import { afterEach, describe, expect, test, vi } from 'vitest';
import { InvertedIndex, type Mappings } from '../src/index.ts';

const mappings = {
  properties: {
    body: { type: 'text' },
    tag: { type: 'keyword' },
    n: { type: 'long' },
    on: { type: 'date' },
    at: { properties: { city: { type: 'text' } } },
  },
} as const;
const open = (): Promise<InvertedIndex<typeof mappings>> => InvertedIndex.open({ mappings });
const refusal = (code: string, path: string): object => ({ name: 'SearchError', code, path });

describe('a mistake in a query is refused with its code and its place, before anything is read', () => {
  const deep = (levels: number): object => (levels === 0 ? { match_all: {} } : { bool: { must: deep(levels - 1) } });
  const cases: readonly (readonly [name: string, query: unknown, code: string, path: string])[] = [
    ['no object', 'x', 'invalid_value', 'query'],
    ['two kinds', { match_all: {}, match_none: {} }, 'invalid_value', 'query'],
    ['no kind', {}, 'invalid_value', 'query'],
    ['unknown kind', { mtch: {} }, 'unknown_key', 'query'],
    ['a prototype name', { constructor: {} }, 'unknown_key', 'query'],
    ['match_all', { match_all: { bost: 1 } }, 'unknown_key', 'query.match_all'],
    ['match_none', { match_none: { a: 1 } }, 'unknown_key', 'query.match_none'],
    ['match', { match: { body: { query: 'a', oprator: 'and' } } }, 'unknown_key', 'query.match.body'],
    ['match_phrase', { match_phrase: { body: { query: 'a', slp: 1 } } }, 'unknown_key', 'query.match_phrase.body'],
    ['combined_fields', { combined_fields: { query: 'a', field: 'b' } }, 'unknown_key', 'query.combined_fields'],
    ['term', { term: { tag: { value: 'a', case: 1 } } }, 'unknown_key', 'query.term.tag'],
    ['prefix', { prefix: { tag: { value: 'a', x: 1 } } }, 'unknown_key', 'query.prefix.tag'],
    ['range', { range: { n: { gte: 1, to: 2 } } }, 'unknown_key', 'query.range.n'],
    [
      'bool',
      { bool: { should: [{ match_all: {} }, { bool: { mst: [] } }] } },
      'unknown_key',
      'query.bool.should[1].bool',
    ],
    ['unknown field', { match: { nope: 'a' } }, 'unknown_field', 'query.match.nope'],
    ['two fields', { match: { body: 'a', tag: 'b' } }, 'invalid_value', 'query.match'],
    ['a phrase on a keyword', { match_phrase: { tag: 'a b' } }, 'no_positions', 'query.match_phrase.tag'],
    [
      'a repeated loose phrase',
      { match_phrase: { body: { query: 'ring ring', slop: 1 } } },
      'invalid_value',
      'query.match_phrase.body.query',
    ],
    [
      'a fractional slop',
      { match_phrase: { body: { query: 'a b', slop: 0.5 } } },
      'invalid_value',
      'query.match_phrase.body.slop',
    ],
    ['a range on text', { range: { body: { gte: 'a' } } }, 'wrong_field_type', 'query.range.body'],
    ['a range of words', { range: { n: { gte: 'a' } } }, 'invalid_value', 'query.range.n.gte'],
    ['a prefix on a number', { prefix: { n: '1' } }, 'wrong_field_type', 'query.prefix.n'],
    ['a negative boost', { match: { body: { query: 'a', boost: -1 } } }, 'invalid_value', 'query.match.body.boost'],
    ['terms without an array', { terms: { tag: 'a' } }, 'invalid_value', 'query.terms.tag'],
    ['a term that is an object', { terms: { tag: ['a', {}] } }, 'invalid_value', 'query.terms.tag[1]'],
    [
      'a minimum of words',
      { match: { body: { query: 'x y', minimum_should_match: 'few' } } },
      'invalid_value',
      'query.match.body.minimum_should_match',
    ],
    [
      'a weight out of range',
      { combined_fields: { query: 'a', fields: ['body^0'] } },
      'invalid_value',
      'query.combined_fields.fields[0]',
    ],
    ['fields analysed differently', { combined_fields: { query: 'a', fields: ['body', 'at.city'] } }, 'no refusal', ''],
    ['21 levels', deep(20), 'limit_exceeded', `query${'.bool.must'.repeat(20)}`],
    [
      'more clauses than allowed',
      { bool: { should: Array.from({ length: 1025 }, () => ({ match: { body: '' } })) } },
      'limit_exceeded',
      'query.bool.should[1024].match.body',
    ],
    [
      'more words than clauses',
      { match: { body: Array.from({ length: 1025 }, (_, i) => `w${i}`).join(' ') } },
      'limit_exceeded',
      'query.match.body',
    ],
    ['17 Ki characters', { match: { body: 'a'.repeat(17_408) } }, 'limit_exceeded', 'query.match.body.query'],
    [
      '65 537 terms',
      { terms: { tag: Array.from({ length: 65_537 }, () => 'a') } },
      'limit_exceeded',
      'query.terms.tag',
    ],
  ];
  test.each(cases)('%s', async (_, query, code, path) => {
    const index = await open();
    const found = index.search({ query } as never);
    if (code === 'no refusal') expect((await found).hits.hits).toEqual([]);
    else await expect(found).rejects.toMatchObject(refusal(code, path));
  });
});

test('a mistake in a body is refused with its place', async () => {
  const index = await open();
  for (const [body, code, path] of [
    [null, 'invalid_value', 'body'],
    [{ sort: [] }, 'unknown_key', 'body'],
    [{ size: -1 }, 'invalid_value', 'size'],
    [{ from: 1.5 }, 'invalid_value', 'from'],
    [{ from: 9_995 }, 'limit_exceeded', 'size'],
    [{ _source: ['a'] }, 'invalid_value', '_source'],
    [{ track_total_hits: 10 }, 'invalid_value', 'track_total_hits'],
    [{ highlight: {} }, 'invalid_value', 'highlight'],
    [{ highlight: { fields: { nope: {} } } }, 'unknown_field', 'highlight.fields.nope'],
    [{ highlight: { fields: { n: {} } } }, 'wrong_field_type', 'highlight.fields.n'],
    [{ highlight: { fields: { body: { size: 1 } } } }, 'unknown_key', 'highlight.fields.body'],
    [{ highlight: { fields: { body: {} }, pre_tags: ['<a>', '<b>'] } }, 'invalid_value', 'highlight.pre_tags'],
  ] as const) {
    await expect(index.search(body as never), JSON.stringify(body)).rejects.toMatchObject(refusal(code, path));
  }
});

test('an empty query finds nothing, a long one answers, an empty bool finds everything', async () => {
  const index = await open();
  await index.index({ body: 'a ring of nodes' }, { id: 'x' });
  for (const nothing of ['', '   ', '!!!', 'the of', '\ud83d', '_'.repeat(10_000), 'nodes'.repeat(2000), '👍'])
    expect((await index.search(nothing)).hits, nothing.slice(0, 20)).toEqual({
      total: { value: 0, relation: 'eq' },
      max_score: null,
      hits: [],
    });
  expect((await index.search(`ring ${'x'.repeat(10_000)}`)).hits.hits).toHaveLength(1);
  expect((await index.search('ring '.repeat(1000))).hits.hits).toHaveLength(1);
  expect((await index.search({ query: { bool: {} } })).hits).toMatchObject({ max_score: 1 });
  expect((await index.search({ size: 0 })).hits).toMatchObject({ total: { value: 1 }, hits: [] });
});

describe('a document that is none is refused and leaves no trace', () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const cases: readonly (readonly [name: string, document: unknown])[] = [
    ['null', null],
    ['an array', []],
    ['a number for text', { body: 1 }],
    ['a bigint', { n: 1n }],
    ['a function', { n: () => 1 }],
    ['NaN', { n: NaN }],
    ['beyond 2^53', { n: 2 ** 53 }],
    ['a cycle', { n: loop }],
    ['no date', { on: 'yesterday' }],
    ['a date in words', { on: 'Jan 1, 2020' }],
    ['an unmapped field', { other: 1 }],
    ['an object for text', { at: 'x' }],
    ['an object with a JSON of its own', { at: { city: 'x', toJSON: () => ({}) } }],
  ];
  test.each(cases)('%s', async (_, document) => {
    const index = await open();
    await expect(index.index(document as never, { id: 'x' })).rejects.toMatchObject({ code: 'invalid_document' });
    const { errors, items } = await index.bulk([{ index: document as never, id: 'x' }]);
    expect([errors, items]).toMatchObject([true, [{ error: { code: 'invalid_document' } }]]);
    expect(await index.count()).toBe(0);
    expect((await index.index({}, { id: 'x' }))._seq_no).toBe(0);
  });

  test('what no one indexes must still have a JSON', async () => {
    const index = await InvertedIndex.open({ mappings: { ...mappings, dynamic: false } });
    for (const document of [loop, { other: 1n }])
      await expect(index.index(document as never, { id: 'x' })).rejects.toMatchObject({ code: 'invalid_document' });
  });

  test('and so are its id and its way of being written', async () => {
    const index = await open();
    for (const id of ['', 'é'.repeat(257), '\ud83d', 7, undefined])
      await expect(index.index({}, { id: id as never })).rejects.toMatchObject(refusal('invalid_document', '_id'));
    expect(await index.index({}, { id: 'é'.repeat(256) })).toMatchObject({ result: 'created' });
    await expect(index.index({}, { id: 'x', op_type: 'crate' as never })).rejects.toMatchObject({ path: 'op_type' });
    const { items } = await index.bulk([null as never, { delete: 'x' }, { index: {}, id: 'y' }]);
    expect(items).toMatchObject([{ error: { code: 'invalid_value' } }, { result: 'not_found' }, { result: 'created' }]);
  });
});

test('a mistake in the options is refused at open with its place', async () => {
  const cases: readonly (readonly [options: unknown, path: string])[] = [
    [null, 'options'],
    [{ mappings, mapping: {} }, 'options'],
    [{}, 'mappings'],
    [{ mappings, limits: { maxClauses: '5' } }, 'limits.maxClauses'],
    [{ mappings, limits: { maxClauses: 1.5 } }, 'limits.maxClauses'],
    [{ mappings, limits: { maxclauses: 5 } }, 'limits'],
    [{ mappings, ramBufferBytes: '5' }, 'ramBufferBytes'],
    [{ mappings, refresh: 'never' }, 'refresh'],
    [{ mappings, settings: { similarity: { b: 2 } } }, 'settings.similarity.b'],
    [{ mappings, settings: { similarity: { k1: '1' } } }, 'settings.similarity.k1'],
    [{ mappings: { properties: { a: { type: 'txt' } } } }, 'mappings.properties.a.type'],
    [{ mappings: { properties: { a: null } } }, 'mappings.properties.a'],
    [{ mappings: { properties: { 'a.b': { type: 'text' } } } }, 'mappings.properties.a.b'],
    [{ mappings: { properties: { a: { type: 'object', properties: 5 } } } }, 'mappings.properties.a.properties'],
    [
      { mappings: { properties: { a: { type: 'text', fields: { raw: { type: 'keywrd' } } } } } },
      'mappings.properties.a.fields.raw.type',
    ],
    [
      { mappings: { properties: { a: { type: 'text', fields: { raw: { type: 'keyword', analyzer: 'x' } } } } } },
      'mappings.properties.a.fields.raw',
    ],
    [
      { mappings: { properties: { a: { type: 'text', fields: { 'b.c': { type: 'keyword' } } } } } },
      'mappings.properties.a.fields.b.c',
    ],
    [{ mappings: { properties: { a: { type: 'text', fields: { raw: null } } } } }, 'mappings.properties.a.fields.raw'],
  ];
  for (const [options, path] of cases)
    await expect(InvertedIndex.open(options as { mappings: Mappings }), path).rejects.toMatchObject({ path });
});

describe('a date without a zone', () => {
  const zone = process.env['TZ'];
  afterEach(() => vi.stubEnv('TZ', zone));
  test('is UTC, whatever the zone of the machine', async () => {
    vi.stubEnv('TZ', 'America/New_York');
    expect(new Date(0).getHours()).not.toBe(0);
    const index = await open();
    await index.index({ on: ['2020-01-01T12:30', '1969-12'] }, { id: 'x' });
    expect(
      await index.count({ range: { on: { gte: '2020-01-01T12:30Z', lte: '2020-01-01T12:30:00.000+00:00' } } }),
    ).toBe(1);
    expect(await index.count({ range: { on: { lt: 0 } } })).toBe(1);
  });
});

test('names of the language are ordinary names', async () => {
  const odd = JSON.parse('{"properties":{"__proto__":{"type":"text"},"constructor":{"type":"keyword"}}}') as Mappings;
  const index = await InvertedIndex.open({ mappings: odd });
  await index.index(JSON.parse('{"__proto__":"toString ring","constructor":"hasOwnProperty"}') as never, {
    id: '__proto__',
  });
  const found = await index.search({
    query: JSON.parse('{"match":{"__proto__":"ring"}}') as never,
    highlight: { fields: JSON.parse('{"__proto__":{}}') as never },
  });
  expect(found.hits.hits[0]?._id).toBe('__proto__');
  expect(Object.entries(found.hits.hits[0]?.highlight ?? {})).toEqual([['__proto__', ['toString <em>ring</em>']]]);
  expect(await index.count({ term: { constructor: 'hasOwnProperty' } })).toBe(1);
});
