/**
 * Highlight: the source text again, with the words the query looked for between tags.
 *
 * Idea: offsets are not stored; the text of the few hits shown is analysed anew, and a token is marked if the query
 * asks for its term, or, for an exact phrase, if it stands in a whole occurrence of the phrase. Only tokens that the
 * query asks for are kept: a text of 60 kB has ten thousand others.
 * Invariant: text outside the tags is HTML-encoded and otherwise unchanged; taking the tags out of an unfragmented
 * highlight gives the encoded source back. Departure from Lucene: the words of a phrase with slop are marked anywhere.
 */
import type { Analyzer } from '../analysis/analyzer.ts';
import type { Node } from '../query/node.ts';

export interface HighlightOptions {
  readonly preTag: string;
  readonly postTag: string;
  /** Characters of a fragment, about. */
  readonly fragmentSize: number;
  /** 0: the whole text as one fragment. */
  readonly fragments: number;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#x27;'],
  ['/', '&#x2F;'],
]);
const encode = (text: string): string => text.replace(/[&<>"'/]/g, (c) => ENTITIES.get(c) ?? c);

type Phrase = Extract<Node, { kind: 'phrase' }>;

/** What a query asks of one field. */
interface Wanted {
  readonly terms: Set<string>;
  readonly prefixes: string[];
  readonly phrases: Phrase[];
}

function collect(node: Node, field: string, wanted: Wanted): Wanted {
  if (node.kind === 'bool') {
    for (const child of [...node.must, ...node.should, ...node.filter]) collect(child, field, wanted);
  } else if (node.kind === 'group') {
    for (const cursor of node.cursors) if (cursor.field === field) wanted.terms.add(cursor.term);
  } else if (node.kind === 'terms' && node.field === field) {
    if (node.prefix) wanted.prefixes.push(...node.terms);
    else for (const term of node.terms) wanted.terms.add(term);
  } else if (node.kind === 'phrase' && node.field === field) {
    if (node.slop === 0) wanted.phrases.push(node);
    else for (const term of node.terms) wanted.terms.add(term);
  }
  return wanted;
}

/** A place to mark, in the fragment it belongs to. */
interface Mark {
  readonly token: string;
  readonly start: number;
  readonly end: number;
  readonly position: number;
  readonly fragment: number;
}

/** The marks of a text in order, and where each of its fragments starts. */
function scan(
  text: string,
  analyzer: Analyzer,
  { terms, prefixes, phrases }: Wanted,
  options: HighlightOptions,
): { readonly marks: readonly Mark[]; readonly starts: readonly number[] } {
  const inPhrase = new Set(phrases.flatMap((phrase) => phrase.terms));
  const kept: Mark[] = [];
  const starts = [0];
  let from = 0;
  analyzer.scan(text, 0, (token, start, end, position) => {
    if (options.fragments > 0 && end - from > options.fragmentSize && start > from) {
      starts.push(start);
      from = start;
    }
    if (terms.has(token) || inPhrase.has(token) || prefixes.some((prefix) => token.startsWith(prefix)))
      kept.push({ token, start, end, position, fragment: starts.length - 1 });
  });
  if (inPhrase.size === 0) return { marks: kept, starts };
  const at = new Map(kept.map((mark) => [mark.position, mark]));
  const whole = new Set<Mark>();
  for (const { position } of kept) {
    for (const phrase of phrases) {
      const places = phrase.offsets.map((offset) => at.get(position + offset));
      if (places.every((mark, i) => mark?.token === phrase.terms[i]))
        for (const mark of places) if (mark !== undefined) whole.add(mark);
    }
  }
  const alone = (token: string): boolean => terms.has(token) || prefixes.some((prefix) => token.startsWith(prefix));
  return { marks: kept.filter((mark) => whole.has(mark) || alone(mark.token)), starts };
}

/** Fragments of `text` holding marked words, the richest kept, in text order; [] if nothing is marked. */
export function highlight(
  text: string,
  analyzer: Analyzer,
  query: Node,
  field: string,
  options: HighlightOptions,
): readonly string[] {
  const wanted = collect(query, field, { terms: new Set(), prefixes: [], phrases: [] });
  if (wanted.terms.size + wanted.prefixes.length + wanted.phrases.length === 0) return [];
  const { marks, starts } = scan(text, analyzer, wanted, options);
  const byFragment = new Map<number, Mark[]>();
  for (const mark of marks) {
    const list = byFragment.get(mark.fragment);
    if (list === undefined) byFragment.set(mark.fragment, [mark]);
    else list.push(mark);
  }
  const best = [...byFragment].toSorted(([, a], [, b]) => b.length - a.length);
  return (options.fragments > 0 ? best.slice(0, options.fragments) : best)
    .toSorted(([a], [b]) => a - b)
    .map(([fragment, hits]) => {
      let out = '';
      let at = starts[fragment] ?? 0;
      for (const { start, end } of hits) {
        out += encode(text.slice(at, start)) + options.preTag + encode(text.slice(start, end)) + options.postTag;
        at = end;
      }
      return out + encode(text.slice(at, starts[fragment + 1] ?? text.length));
    });
}
