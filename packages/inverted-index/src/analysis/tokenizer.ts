/**
 * Tokenizers: text -> ranges of the original string, one after another.
 *
 * Idea: one pass over the characters with a table of their classes; no string and no object is made for a token.
 * Invariant: text.slice(start, end) is the raw token, whatever later filters make of it, so a highlight never cuts
 * at a wrong place; a surrogate pair is never cut.
 * Source: Unicode Standard Annex 29 (word boundaries): a word is a run of letters, digits, marks and connectors with
 * at least one letter or digit; a letter joins a letter across . ' ’ : ·, a digit joins a digit across . , ; '.
 * Departures: Han and Hiragana are one token per character, an emoji code point is one token, and a token is cut
 * at 255 UTF-16 units so that one unbroken line of base64 cannot become one huge term.
 * Linear in the text, whatever the text: an index takes documents from strangers.
 */
export type TokenizerName = 'standard' | 'whitespace' | 'keyword' | 'letter';

/** Told of each raw token: text.slice(start, end). */
export type EachRange = (start: number, end: number) => void;

const TOKEN_UNITS_MAX = 255;

const UNKNOWN = 0;
const OTHER = 1;
const LETTER = 2;
const DIGIT = 3;
const MARK = 4;
const CONNECTOR = 5;
const IDEOGRAPH = 6;
const PICTOGRAPH = 7;
const SURROGATE = 8;
/** Joins letters, digits, or either. */
const JOINS_LETTERS = 9;
const JOINS_DIGITS = 10;
const JOINS_BOTH = 11;

/** Classes of the UTF-16 units, each worked out when it is first met: a table of constants, filled on demand. */
const CLASSES = new Uint8Array(0x1_0000);

function classOf(character: string): number {
  if (character === '.' || character === "'") return JOINS_BOTH;
  if (character === ':' || character === '’' || character === '·') return JOINS_LETTERS;
  if (character === ',' || character === ';') return JOINS_DIGITS;
  if (/[\p{sc=Han}\p{sc=Hiragana}]/u.test(character)) return IDEOGRAPH;
  if (/\p{L}/u.test(character)) return LETTER;
  if (/\p{N}/u.test(character)) return DIGIT;
  if (/\p{M}/u.test(character)) return MARK;
  if (/\p{Pc}/u.test(character)) return CONNECTOR;
  return /\p{Extended_Pictographic}/u.test(character) ? PICTOGRAPH : OTHER;
}

/** The class at `at`; characters beyond U+FFFF are rare enough to be looked up each time. */
function classAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  const known = CLASSES[unit] ?? UNKNOWN;
  if (known !== UNKNOWN && known !== SURROGATE) return known;
  if (unit >= 0xd800 && unit <= 0xdfff) {
    CLASSES[unit] = SURROGATE;
    return classOf(String.fromCodePoint(text.codePointAt(at) ?? 0));
  }
  const found = classOf(String.fromCharCode(unit));
  CLASSES[unit] = found;
  return found;
}

const widthAt = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);

function standard(text: string, each: EachRange): void {
  const end = text.length;
  for (let at = 0; at < end;) {
    const first = classAt(text, at);
    const start = at;
    if (first === IDEOGRAPH || first === PICTOGRAPH) {
      at += widthAt(text, at);
      while (at < end && classAt(text, at) === MARK) at += widthAt(text, at);
      each(start, at);
    } else if (first >= LETTER && first <= CONNECTOR) {
      let word = false;
      // what a joiner would have before it: a letter (and its marks), a digit, or neither
      let before = OTHER;
      for (; at < end; at += widthAt(text, at)) {
        const here = classAt(text, at);
        if (here === LETTER || here === DIGIT) {
          word = true;
          before = here;
        } else if (here === CONNECTOR || (here === MARK && before !== LETTER)) {
          before = OTHER;
        } else if (here !== MARK) {
          const joins =
            (before === LETTER && (here === JOINS_LETTERS || here === JOINS_BOTH)) ||
            (before === DIGIT && (here === JOINS_DIGITS || here === JOINS_BOTH));
          if (!joins || at + 1 >= end || classAt(text, at + 1) !== before) break;
        }
      }
      if (word) cut(text, start, at, each);
    } else {
      at += widthAt(text, at);
    }
  }
}

/** One token, or several where it is too long. */
function cut(text: string, start: number, end: number, each: EachRange): void {
  let from = start;
  while (end - from > TOKEN_UNITS_MAX) {
    let to = from + TOKEN_UNITS_MAX;
    const last = text.charCodeAt(to - 1);
    if (last >= 0xd800 && last <= 0xdbff) to -= 1; // never between two surrogates
    each(from, to);
    from = to;
  }
  each(from, end);
}

/** All tokens of `text`, in order. O(text). */
export function tokenize(name: TokenizerName, text: string, each: EachRange): void {
  if (name === 'standard') standard(text, each);
  else if (name === 'keyword') {
    if (text !== '') each(0, text.length);
  } else {
    const pattern = name === 'whitespace' ? /\S+/gu : /\p{L}+/gu;
    for (const match of text.matchAll(pattern)) cut(text, match.index, match.index + match[0].length, each);
  }
}
