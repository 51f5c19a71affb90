/**
 * Tokenizers: text -> tokens with offsets into the original string.
 *
 * Idea: one sticky-free regular expression per tokenizer; each match is a token. Invariant: text.slice(start, end)
 * is the raw token, whatever later filters make of it, so a highlight never cuts at a wrong place.
 * Source: Unicode Standard Annex 29 (word boundaries), read through property escapes: runs of letters, digits,
 * marks and connectors; a letter joins a letter across . ' ’ : ·, a digit joins a digit across . , ; '.
 * Departures: Han and Hiragana are one token per character, an emoji code point is one token, and a token is cut
 * at 255 UTF-16 units so that one unbroken line of base64 cannot become one huge term.
 */
export type TokenizerName = 'standard' | 'whitespace' | 'keyword' | 'letter';

export interface RawToken {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const TOKEN_UNITS_MAX = 255;
const WORD =
  "(?:(?![\\p{sc=Han}\\p{sc=Hiragana}])\\p{L}|\\p{M}|\\p{N}|\\p{Pc}|(?<=\\p{L}\\p{M}*)[.'’:·](?=\\p{L})|(?<=\\p{N})[.,;'](?=\\p{N}))";
const PATTERNS = {
  standard: () =>
    new RegExp(
      `[\\p{sc=Han}\\p{sc=Hiragana}]\\p{M}*|(?!\\p{Pc}+(?![\\p{L}\\p{N}\\p{Pc}]))${WORD}+|\\p{Extended_Pictographic}`,
      'gu',
    ),
  whitespace: () => /\S+/gu,
  letter: () => /\p{L}+/gu,
};

/** All tokens of `text`, in order. Linear in the text for all but pathological runs of marks. */
export function tokenize(name: TokenizerName, text: string): readonly RawToken[] {
  if (name === 'keyword') return text === '' ? [] : [{ start: 0, end: text.length, text }];
  const tokens: RawToken[] = [];
  for (const match of text.matchAll(PATTERNS[name]())) {
    const stop = match.index + match[0].length;
    for (let start = match.index; start < stop;) {
      let end = Math.min(stop, start + TOKEN_UNITS_MAX);
      const last = text.charCodeAt(end - 1);
      if (end < stop && last >= 0xd800 && last <= 0xdbff) end -= 1; // never between two surrogates
      tokens.push({ start, end, text: text.slice(start, end) });
      start = end;
    }
  }
  return tokens;
}
