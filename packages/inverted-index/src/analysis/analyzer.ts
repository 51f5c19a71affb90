/**
 * An analyzer: a tokenizer, then pure per-token functions. The same chain runs on documents and on queries.
 *
 * Idea: every filter here maps one token to one token or to nothing, so the whole chain is a function of the raw
 * token and can be remembered: stemming and folding run once per distinct word and not once per occurrence.
 * Invariants: filters never move offsets; a dropped stop word leaves a hole in the positions, so that "state of art"
 * does not match "state art" as a phrase. The memo is bounded: it is emptied when it holds MEMO_MAX words.
 * Source: the analysis chain of Lucene; the 33 stop words are those of its classic English set.
 */
import { porter } from './porter.ts';
import { type TokenizerName, tokenize } from './tokenizer.ts';

export interface Token {
  readonly token: string;
  readonly start_offset: number;
  readonly end_offset: number;
  readonly position: number;
}

export type AnalyzerName = 'default' | 'standard' | 'simple' | 'whitespace' | 'keyword';
export const ANALYZERS: readonly AnalyzerName[] = ['default', 'standard', 'simple', 'whitespace', 'keyword'];

const MEMO_MAX = 65_536;
const MEMO_UNITS_MAX = 255;
const STOP_WORDS: ReadonlySet<string> = new Set(
  'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'.split(
    ' ',
  ),
);
const FOLDS: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['đ', 'd'],
  ['ð', 'd'],
  ['ł', 'l'],
  ['ı', 'i'],
  ['þ', 'th'],
  ['’', "'"],
]);

/** Accents and ligatures to plain letters: NFKD without marks, then a small table for letters that do not decompose. */
export function fold(token: string): string {
  // eslint wants no control characters in patterns, so ASCII is recognised by what lies outside it
  if (!/[\u0080-\uffff]/.test(token)) return token;
  // NFKD may bring capitals (𝐇 and other mathematical letters have no lower case of their own)
  return token
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßæœøđðłıþ’]/gu, (c) => FOLDS.get(c) ?? c);
}

/** The filters of the `default` chain on one raw token; '' drops it. */
function english(raw: string): string {
  const lower = raw.replace(/['’][sS]$/u, '').toLowerCase();
  const folded = fold(lower);
  return STOP_WORDS.has(folded) ? '' : porter(folded);
}

const CHAINS: Readonly<Record<AnalyzerName, readonly [TokenizerName, (raw: string) => string]>> = {
  default: ['standard', english],
  standard: ['standard', (raw) => raw.toLowerCase()],
  simple: ['letter', (raw) => raw.toLowerCase()],
  whitespace: ['whitespace', (raw) => raw],
  keyword: ['keyword', (raw) => raw],
};

/** Told of each token that no filter dropped. */
export type EachToken = (token: string, start: number, end: number, position: number) => void;

export class Analyzer {
  readonly name: AnalyzerName;
  readonly #memo = new Map<string, string>();

  constructor(name: AnalyzerName) {
    this.name = name;
  }

  /** Tells `each` of the tokens of `text`, in order; positions start at `first`. Makes no object per token. */
  scan(text: string, first: number, each: EachToken): void {
    const [tokenizer] = CHAINS[this.name];
    const memo = this.#memo;
    let position = first;
    tokenize(tokenizer, text, (start, end) => {
      const raw = text.slice(start, end);
      const token = memo.get(raw) ?? this.#learn(raw);
      if (token !== '') each(token, start, end, position);
      position += 1;
    });
  }

  /** Tokens of `text`. */
  tokens(text: string): readonly Token[] {
    const tokens: Token[] = [];
    this.scan(text, 0, (token, start_offset, end_offset, position) =>
      tokens.push({ token, start_offset, end_offset, position }),
    );
    return tokens;
  }

  #learn(raw: string): string {
    const [, filter] = CHAINS[this.name];
    // A copy: engines keep a slice as a pointer into the string it was cut from, so a kept word would keep its text.
    const word = ` ${raw}`.slice(1);
    const token = filter(word).replace(/\p{Cs}/gu, '\ufffd'); // a lone surrogate has no UTF-8 form
    if (this.#memo.size >= MEMO_MAX) this.#memo.clear();
    // longer are only the whole values of the keyword analyzer, which seldom come again
    if (word.length <= MEMO_UNITS_MAX) this.#memo.set(word, token);
    return token;
  }
}
