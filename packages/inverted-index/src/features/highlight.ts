/**
 * Highlight: the source text again, with the words the query looked for between tags.
 *
 * Idea: offsets are not stored; the text of the few hits shown is analysed anew, and a token is marked if the query
 * asks for its term, or, for an exact phrase, if it stands in a whole occurrence of the phrase.
 * Invariant: text outside the tags is HTML-encoded and otherwise unchanged; taking the tags out of an unfragmented
 * highlight gives the encoded source back. Departure from Lucene: the words of a phrase with slop are marked anywhere.
 */
import type { Token } from '../analysis/analyzer.ts';
import type { Node } from '../query/parse.ts';

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

/** Indexes of the tokens that `node` asks for in `field`. */
function marks(node: Node, field: string, tokens: readonly Token[], out: Set<number>): void {
  if (node.kind === 'bool') {
    for (const child of [...node.must, ...node.should, ...node.filter]) marks(child, field, tokens, out);
  } else if (node.kind === 'group') {
    const wanted = new Set(node.cursors.filter((cursor) => cursor.field === field).map((cursor) => cursor.term));
    tokens.forEach(({ token }, i) => wanted.has(token) && out.add(i));
  } else if (node.kind === 'terms' && node.field === field) {
    const [prefix = ''] = node.terms;
    const wanted = new Set(node.terms);
    tokens.forEach(({ token }, i) => (node.prefix ? token.startsWith(prefix) : wanted.has(token)) && out.add(i));
  } else if (node.kind === 'phrase' && node.field === field) {
    if (node.slop > 0) {
      tokens.forEach(({ token }, i) => node.terms.includes(token) && out.add(i));
      return;
    }
    const at = new Map(tokens.map(({ position }, i) => [position, i]));
    for (const { position } of tokens) {
      const places = node.offsets.map((offset) => at.get(position + offset));
      if (places.every((i, k) => i !== undefined && tokens[i]?.token === node.terms[k]))
        for (const i of places) if (i !== undefined) out.add(i);
    }
  }
}

/** Fragments of `text` holding marked words, the richest kept, in text order; [] if nothing is marked. */
export function highlight(
  text: string,
  tokens: readonly Token[],
  query: Node,
  field: string,
  options: HighlightOptions,
): readonly string[] {
  const marked = new Set<number>();
  marks(query, field, tokens, marked);
  if (marked.size === 0) return [];
  const ranges: { from: number; to: number; readonly hits: number[] }[] = [{ from: 0, to: text.length, hits: [] }];
  tokens.forEach((token, i) => {
    let range = ranges[ranges.length - 1];
    if (range === undefined) return;
    if (
      options.fragments > 0 &&
      token.end_offset - range.from > options.fragmentSize &&
      token.start_offset > range.from
    ) {
      range.to = token.start_offset;
      range = { from: token.start_offset, to: text.length, hits: [] };
      ranges.push(range);
    }
    if (marked.has(i)) range.hits.push(i);
  });
  const best = ranges.filter(({ hits }) => hits.length > 0).toSorted((a, b) => b.hits.length - a.hits.length);
  const kept = options.fragments > 0 ? best.slice(0, options.fragments) : best;
  return kept
    .toSorted((a, b) => a.from - b.from)
    .map(({ from, to, hits }) => {
      let out = '';
      let at = from;
      for (const i of hits) {
        const token = tokens[i];
        if (token === undefined) continue;
        out +=
          encode(text.slice(at, token.start_offset)) +
          options.preTag +
          encode(text.slice(token.start_offset, token.end_offset)) +
          options.postTag;
        at = token.end_offset;
      }
      return out + encode(text.slice(at, to));
    });
}
