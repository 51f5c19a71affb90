import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Analyzer } from '../src/analysis/analyzer.ts';
import { tokenize } from '../src/analysis/tokenizer.ts';

function standard(text: string): readonly string[] {
  const out: string[] = [];
  tokenize('standard', text, (start, end) => out.push(text.slice(start, end)));
  return out;
}
const terms = (text: string): readonly string[] => new Analyzer('default').tokens(text).map(({ token }) => token);

/** Letters of several scripts, digits, marks, joiners, emoji, halves of surrogate pairs: whatever makes trouble. */
const trouble = fc
  .array(
    fc.constantFrom(
      ...[
        'a',
        'Z',
        'é',
        'e\u0301',
        'ß',
        'İ',
        'ﬁ',
        '٣',
        '7',
        '½',
        '_',
        '.',
        ':',
        "'",
        '’',
        '·',
        ',',
        ';',
        ' ',
        '-',
        '/',
      ],
      ...['\u0301', '漢', 'ひ', 'カ', '한', '𝐇', '𠀋', '👍', '☁\ufe0f', '\u200d', '\ud83d', '\udc4d', '<', '&', 'the'],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

/** The same rules as one regular expression: short, and quadratic on hostile texts. */
const LETTER = '(?:(?![\\p{sc=Han}\\p{sc=Hiragana}])\\p{L})';
const DIGIT = '(?:(?![\\p{sc=Han}\\p{sc=Hiragana}])\\p{N})';
const ORACLE = new RegExp(
  `[\\p{sc=Han}\\p{sc=Hiragana}]\\p{M}*` +
    `|(?=[\\p{M}\\p{Pc}]*(?:${LETTER}|${DIGIT}))` +
    `(?:${LETTER}|${DIGIT}|\\p{M}|\\p{Pc}|(?<=${LETTER}\\p{M}*)[.'’:·](?=${LETTER})|(?<=${DIGIT})[.,;'](?=${DIGIT}))+` +
    `|(?![\\p{L}\\p{N}\\p{M}\\p{Pc}])\\p{Extended_Pictographic}\\p{M}*`,
  'gu',
);

test('the tokens of a text are those of the rules written as one regular expression', () => {
  fc.assert(
    fc.property(trouble, (text) => {
      // a mark after an emoji belongs to it for both; lone marks and connectors are no token for either
      expect(standard(text)).toEqual([...text.matchAll(ORACLE)].map(([token]) => token));
    }),
    { numRuns: 3000 },
  );
});

test('a joiner holds letters or digits together, and never joins across a script written without spaces', () => {
  expect(standard("O'Neil's node.js 3.14 1,000 a:b a.1 1.a v1.2.")).toEqual(
    "O'Neil's|node.js|3.14|1,000|a:b|a|1|1|a|v1.2".split('|'),
  );
  expect(standard('文件.txt a.漢 漢.a')).toEqual(['文', '件', 'txt', 'a', '漢', '漢', 'a']);
  expect(standard('__init__ ___ \u0301 snake_case ☁\ufe0f👍')).toEqual(['__init__', 'snake_case', '☁\ufe0f', '👍']);
});

test('a token is cut at 255 UTF-16 units, never inside a surrogate pair', () => {
  expect(standard('a'.repeat(600)).map((token) => token.length)).toEqual([255, 255, 90]);
  expect(standard('𝐇'.repeat(200)).map((token) => token.length)).toEqual([254, 146]);
});

test('a long text of nothing but connectors, marks or joiners is read once and not once per character', () => {
  // quadratic work on two million characters would not end within the life of the test run
  for (const unit of ['_', '\u0301', '.', "'", 'a.', '_\u0301'])
    expect(standard(unit.repeat(2e6)).length).toBeDefined();
});

test('offsets are those of the original string, whatever folding does to the length', () => {
  fc.assert(
    fc.property(
      trouble,
      fc.constantFrom('default' as const, 'standard', 'simple', 'whitespace', 'keyword'),
      (text, name) => {
        let end = 0;
        let position = -1;
        for (const token of new Analyzer(name).tokens(text)) {
          expect(token.start_offset).toBeGreaterThanOrEqual(end);
          expect(token.end_offset).toBeGreaterThan(token.start_offset);
          expect(token.position).toBeGreaterThan(position);
          expect(token.token).not.toMatch(/\p{Cs}/u);
          ({ end_offset: end, position } = token);
        }
        expect(end).toBeLessThanOrEqual(text.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('words that look alike to a reader are one term', () => {
  for (const [one, other] of [
    ['café', 'cafe\u0301'],
    ['Straße', 'STRASSE'],
    ['İstanbul', 'istanbul'],
    ['ﬁle', 'files'],
    ['𝐇𝐞𝐥𝐥𝐨', 'hello'],
    ['naïve', 'naive'],
    ['O’Neil', "O'Neil"],
    ['Zürich', 'zurich'],
    ['connection', 'connected'],
    ['Dog’s', 'dogs'],
  ] as const) {
    expect(terms(one), `${one} ${other}`).toEqual(terms(other));
    expect(terms(one)).toHaveLength(1);
  }
  expect(terms('the and of')).toEqual([]);
});

test('a word is analysed alike before and after the memory of words is emptied', () => {
  const analyzer = new Analyzer('default');
  const term = (word: string): string | undefined => analyzer.tokens(word)[0]?.token;
  for (let i = 0; i < 140_000; i += 1) {
    const word = `x${(i * 48_271) % 70_000}s`;
    if (term(word) !== word) throw new Error(word);
  }
  expect([term('Nodes'), term('nodes')]).toEqual(['node', 'node']);
});
