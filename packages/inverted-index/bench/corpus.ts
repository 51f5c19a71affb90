/**
 * What is searched: 20,000 documents with a title and a text, the same for every contender and every process.
 *
 * Where the project's data folder lies beside it, they are real descriptions of Debian packages. Elsewhere they are
 * made here: a vocabulary of syllables whose words follow Zipf's law, texts of 10 to 200 words, from a fixed seed.
 * Query terms are chosen by how many documents hold them, so both corpora ask the same questions.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface Doc {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

const COUNT = 20_000;
const DATA = new URL('../../../../shared/data/search/known.docs.jsonl.gz', import.meta.url);

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function made(): Doc[] {
  const random = seeded(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const syllables = 'b d f g k l m n p r s t v z'.split(' ').flatMap((c) => 'a e i o u'.split(' ').map((v) => c + v));
  const vocabulary = Array.from({ length: 30_000 }, () =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(syllables)).join(''),
  );
  // the inverse of a Zipf distribution of exponent 1, nearly: ranks are uniform on a logarithmic scale
  const word = (): string => vocabulary[Math.floor(vocabulary.length ** random()) - 1] as string;
  const words = (count: number): string => Array.from({ length: count }, word).join(' ');
  return Array.from({ length: COUNT }, (_, i) => ({
    id: String(i),
    title: words(2 + Math.floor(random() * 4)),
    text: words(10 + Math.floor(random() ** 2 * 190)),
  }));
}

export function corpus(): Doc[] {
  if (!existsSync(DATA)) return made();
  const lines = gunzipSync(readFileSync(DATA)).toString().trim().split('\n');
  // every third of 63,666, so that all letters of the alphabet are there; a package's name serves as its title
  return lines
    .filter((_, i) => i % 3 === 0)
    .slice(0, COUNT)
    .map((line, i) => {
      const { _id, text } = JSON.parse(line) as { _id: string; text: string };
      return { id: String(i), title: _id.replaceAll(/[-.]/g, ' '), text };
    });
}

/** Words that an English analyzer drops: as a query they would measure nothing. */
const STOP_WORDS: ReadonlySet<string> = new Set('into such that their then there these they this will with'.split(' '));

/** Sixty words of plain letters that about `share` of the documents hold: the nearest to it. */
export function wordsHeldBy(docs: readonly Doc[], share: number): string[] {
  const df = new Map<string, number>();
  for (const { text } of docs) {
    const words = new Set(text.toLowerCase().match(/(?<!\S)[a-z]{4,12}(?!\S)/g));
    for (const word of words) if (!STOP_WORDS.has(word)) df.set(word, (df.get(word) ?? 0) + 1);
  }
  const distance = (count: number): number => Math.abs(Math.log(count / (share * docs.length)));
  return [...df]
    .sort(([a, x], [b, y]) => distance(x) - distance(y) || (a < b ? -1 : 1))
    .slice(0, 60)
    .map(([word]) => word);
}
