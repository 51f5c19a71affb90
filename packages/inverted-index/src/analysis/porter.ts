/**
 * Porter's stemmer for English: connect, connected, connection -> connect.
 *
 * Idea: a word is [C](VC)^m[V]; suffixes fall in five steps, each guarded by the measure m of what would remain.
 * Invariant: a stem is never longer than its word plus the one e that step 1b may restore.
 * Source: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the two departures its author
 * published later (abli -> able became bli -> ble, and logi -> log), which Lucene's PorterStemFilter has as well.
 * Only lower-case ASCII words are touched; others come back as they are.
 */
const STEP2: readonly (readonly [string, string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['logi', 'log'],
];
const STEP3: readonly (readonly [string, string])[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];
const STEP4: readonly string[] = [
  'ement',
  'ance',
  'ence',
  'able',
  'ible',
  'ment',
  'ant',
  'ent',
  'ism',
  'ate',
  'iti',
  'ous',
  'ive',
  'ize',
  'ion',
  'al',
  'er',
  'ic',
  'ou',
];

function isConsonant(word: string, at: number): boolean {
  const c = word[at];
  if (c === 'a' || c === 'e' || c === 'i' || c === 'o' || c === 'u') return false;
  return c !== 'y' || at === 0 || !isConsonant(word, at - 1);
}

/** m: how often a vowel run is followed by a consonant run. */
function measure(stem: string): number {
  let m = 0;
  let vowelBefore = false;
  for (let i = 0; i < stem.length; i += 1) {
    const consonant = isConsonant(stem, i);
    if (consonant && vowelBefore) m += 1;
    vowelBefore = !consonant;
  }
  return m;
}

function hasVowel(stem: string): boolean {
  for (let i = 0; i < stem.length; i += 1) if (!isConsonant(stem, i)) return true;
  return false;
}

function endsDouble(word: string): boolean {
  const n = word.length;
  return n > 1 && word[n - 1] === word[n - 2] && isConsonant(word, n - 1);
}

/** consonant-vowel-consonant at the end, the last not w, x or y: the words that lost an e (hop(e), fil(e)). */
function endsCvc(word: string): boolean {
  const n = word.length;
  return (
    n > 2 &&
    isConsonant(word, n - 1) &&
    !isConsonant(word, n - 2) &&
    isConsonant(word, n - 3) &&
    !'wxy'.includes(word[n - 1] ?? '')
  );
}

function replaceFirst(word: string, rules: readonly (readonly [string, string])[]): string {
  for (const [suffix, to] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, -suffix.length);
    return measure(stem) > 0 ? stem + to : word;
  }
  return word;
}

/** The stem of one lower-case word. O(length^2) at worst, for words of y's only. */
export function porter(input: string): string {
  if (input.length < 3 || !/^[a-z]+$/.test(input)) return input;
  let w = input;
  if (w.endsWith('sses') || w.endsWith('ies')) w = w.slice(0, -2);
  else if (w.endsWith('s') && !w.endsWith('ss')) w = w.slice(0, -1);
  if (w.endsWith('eed')) {
    if (measure(w.slice(0, -3)) > 0) w = w.slice(0, -1);
  } else {
    const cut = w.endsWith('ed') ? 2 : w.endsWith('ing') ? 3 : 0;
    if (cut > 0 && hasVowel(w.slice(0, -cut))) {
      w = w.slice(0, -cut);
      if (w.endsWith('at') || w.endsWith('bl') || w.endsWith('iz')) w += 'e';
      else if (endsDouble(w)) w = 'lsz'.includes(w[w.length - 1] ?? '') ? w : w.slice(0, -1);
      else if (measure(w) === 1 && endsCvc(w)) w += 'e';
    }
  }
  if (w.endsWith('y') && hasVowel(w.slice(0, -1))) w = `${w.slice(0, -1)}i`;
  w = replaceFirst(replaceFirst(w, STEP2), STEP3);
  for (const suffix of STEP4) {
    if (!w.endsWith(suffix)) continue;
    const stem = w.slice(0, -suffix.length);
    if (measure(stem) > 1 && (suffix !== 'ion' || stem.endsWith('s') || stem.endsWith('t'))) w = stem;
    break;
  }
  if (w.endsWith('e')) {
    const stem = w.slice(0, -1);
    const m = measure(stem);
    if (m > 1 || (m === 1 && !endsCvc(stem))) w = stem;
  }
  if (w.endsWith('ll') && measure(w) > 1) w = w.slice(0, -1);
  return w;
}
