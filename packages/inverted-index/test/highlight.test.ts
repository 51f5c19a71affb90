import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvertedIndex } from '../src/index.ts';

const mappings = { properties: { body: { type: 'text' } } } as const;
const [pre, post] = ['\ue000', '\ue001'];
const DECODE: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#x27;': "'",
  '&#x2F;': '/',
};
const decode = (html: string): string => html.replace(/&[^;]+;/g, (entity) => DECODE[entity] ?? entity);

const trouble = fc
  .array(
    fc.constantFrom(
      ...[
        'ring',
        'Ring',
        'RİNG',
        'rings',
        'r\u0301ing',
        '𝐫ing',
        'café',
        'cafe\u0301',
        'ﬁle',
        'Straße',
        '漢ring',
        'ring漢',
      ],
      ...[
        ' ',
        ' ',
        ' ',
        '\n',
        '&',
        '<',
        '"',
        "'",
        '/',
        '👍',
        '👩\u200d👩',
        '\u0301',
        '\ud83d',
        '\udc4d',
        '-',
        '.',
        '&amp;',
      ],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

test('taking the tags out gives back the encoded source, and what is between them is what was asked for', async () => {
  const index = await InvertedIndex.open({ mappings });
  await fc.assert(
    fc.asyncProperty(trouble, fc.constantFrom('ring', 'cafe', 'files', 'strasse'), async (body, query) => {
      await index.index({ body }, { id: 'x' });
      const { hits } = await index.search({
        query: { match: { body: query } },
        highlight: { fields: { body: { number_of_fragments: 0 } }, pre_tags: [pre], post_tags: [post] },
      });
      const [wanted] = index.analyze({ field: 'body', text: query });
      const expected = index.analyze({ field: 'body', text: body }).filter(({ token }) => token === wanted?.token);
      expect(hits.hits).toHaveLength(expected.length > 0 ? 1 : 0);
      for (const hit of hits.hits) {
        const [html = ''] = hit.highlight?.['body'] ?? [];
        expect(decode(html.replaceAll(pre, '').replaceAll(post, ''))).toBe(body);
        const marked = Array.from(html.matchAll(/\ue000([^\ue001]*)\ue001/g), ([, inner = '']) => decode(inner));
        expect(marked).toEqual(expected.map(({ start_offset, end_offset }) => body.slice(start_offset, end_offset)));
      }
    }),
    { numRuns: 1000 },
  );
});

test('fragments are pieces of the source, in order, the richest kept', async () => {
  const index = await InvertedIndex.open({ mappings });
  await fc.assert(
    fc.asyncProperty(
      trouble,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 3 }),
      async (body, size, most) => {
        await index.index({ body }, { id: 'x' });
        const { hits } = await index.search({
          query: { match: { body: 'ring' } },
          highlight: {
            fields: { body: { fragment_size: size, number_of_fragments: most } },
            pre_tags: [pre],
            post_tags: [post],
          },
        });
        for (const hit of hits.hits) {
          const fragments = hit.highlight?.['body'] ?? [];
          expect(fragments.length).toBeGreaterThan(0);
          expect(fragments.length).toBeLessThanOrEqual(most);
          let at = 0;
          for (const fragment of fragments) {
            expect(fragment).toContain(pre);
            const piece = decode(fragment.replaceAll(pre, '').replaceAll(post, ''));
            const found = body.indexOf(piece, at);
            expect(found).toBeGreaterThanOrEqual(at);
            at = found + piece.length;
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a phrase is marked where it stands whole, its words alone are not; a prefix marks what it starts', async () => {
  const index = await InvertedIndex.open({ mappings });
  await index.index({ body: 'virtual ring, ring of virtual nodes, virtual nodes' }, { id: 'x' });
  const marked = async (query: Parameters<typeof index.count>[0]): Promise<unknown> => {
    const body = {
      ...(query === undefined ? {} : { query }),
      highlight: { fields: { body: { number_of_fragments: 0 } } },
    };
    return (await index.search(body)).hits.hits[0]?.highlight?.['body'];
  };
  expect(await marked({ match_phrase: { body: 'virtual node' } })).toEqual([
    'virtual ring, ring of <em>virtual</em> <em>nodes</em>, <em>virtual</em> <em>nodes</em>',
  ]);
  expect(
    await marked({ bool: { should: [{ match_phrase: { body: 'virtual node' } }, { term: { body: 'ring' } }] } }),
  ).toEqual([
    'virtual <em>ring</em>, <em>ring</em> of <em>virtual</em> <em>nodes</em>, <em>virtual</em> <em>nodes</em>',
  ]);
  expect(await marked({ prefix: { body: 'no' } })).toEqual([
    'virtual ring, ring of virtual <em>nodes</em>, virtual <em>nodes</em>',
  ]);
  expect(await marked({ bool: { must: { term: { body: 'ring' } }, must_not: { term: { body: 'absent' } } } })).toEqual([
    'virtual <em>ring</em>, <em>ring</em> of virtual nodes, virtual nodes',
  ]);
});
