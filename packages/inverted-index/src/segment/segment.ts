/**
 * A segment: the immutable inverted index of a run of documents. And the RAM buffer that becomes one.
 *
 * Idea: a posting list says which documents hold a term, how often and where. While documents arrive only
 * (term id, position) pairs are noted, per field, in two growing typed arrays; freezing is one stable counting sort
 * by term, which leaves documents ascending inside each term. Nothing here is an object per posting.
 * Invariants: terms are sorted; docs of a term ascend; positions of a posting ascend; arrays are never written after
 * the freeze, except `live` and `deleted`, where a delete clears a document.
 * Source: the segment of Lucene; the norm is its one-byte length, `SmallFloat.intToByte4`.
 */
import type { Schema, FieldValues } from '../schema/mapping.ts';
import { normOf } from '../search/bm25.ts';

const POSITION_GAP = 100;

export interface Postings {
  readonly terms: readonly string[];
  readonly termIds: ReadonlyMap<string, number>;
  /** Postings of term t: [starts[t], starts[t + 1]). */
  readonly starts: Uint32Array;
  readonly docs: Uint32Array;
  /** Positions of posting p: [positionStarts[p], positionStarts[p + 1]); their count is the term frequency. */
  readonly positionStarts: Uint32Array;
  readonly positions: Uint32Array;
  /** One byte of quantised length per document. */
  readonly norms: Uint8Array;
  readonly docCount: number;
  readonly sumTotalTermFreq: number;
}
export interface Column {
  /** Values of document d: [starts[d], starts[d + 1]). */
  readonly starts: Uint32Array;
  readonly values: Float64Array;
}
export interface Stored {
  readonly id: string;
  readonly json: string;
}
export interface Segment {
  readonly size: number;
  readonly stored: readonly Stored[];
  readonly live: Uint8Array;
  /** How many are not live. */
  deleted: number;
  readonly inverted: ReadonlyMap<string, Postings>;
  readonly columns: ReadonlyMap<string, Column>;
}

export function segmentOf(
  stored: readonly Stored[],
  live: Uint8Array,
  inverted: ReadonlyMap<string, Postings>,
  columns: ReadonlyMap<string, Column>,
): Segment {
  let deleted = 0;
  for (const bit of live) deleted += 1 - bit;
  return { size: stored.length, stored, live, deleted, inverted, columns };
}

/** Clears a document. */
export function clear(holder: { readonly live: Uint8Array | number[]; deleted: number }, doc: number): void {
  if (holder.live[doc] !== 1) return;
  holder.live[doc] = 0;
  holder.deleted += 1;
}

/** A Uint32Array that doubles. */
class Uint32List {
  data: Uint32Array = new Uint32Array(64);
  length = 0;
  push(value: number): void {
    if (this.length === this.data.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.data);
      this.data = grown;
    }
    this.data[this.length] = value;
    this.length += 1;
  }
}

class FieldBuffer {
  readonly termIds = new Map<string, number>();
  readonly terms = new Uint32List();
  readonly positions = new Uint32List();
  readonly docs: number[] = [];
  readonly starts: number[] = [];
}

export class Buffer {
  readonly stored: Stored[] = [];
  readonly live: number[] = [];
  deleted = 0;
  /** Bytes held, estimated: 8 a token, two a character of source. */
  bytes = 0;
  readonly #schema: Schema;
  readonly #fields = new Map<string, FieldBuffer>();
  readonly #columns = new Map<string, { readonly docs: number[]; readonly values: number[] }>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Adds a checked document and returns its number in this buffer. */
  add(stored: Stored, values: readonly FieldValues[]): number {
    const doc = this.stored.length;
    this.stored.push(stored);
    this.live.push(1);
    this.bytes += 2 * stored.json.length + 64;
    for (const { field, strings, numbers } of values) {
      if (strings.length > 0) this.#invert(field.name, doc, strings);
      if (numbers.length > 0) {
        let column = this.#columns.get(field.name);
        if (column === undefined) this.#columns.set(field.name, (column = { docs: [], values: [] }));
        for (const n of numbers) {
          column.docs.push(doc);
          column.values.push(n);
        }
      }
    }
    return doc;
  }

  #invert(name: string, doc: number, strings: readonly string[]): void {
    let buffer = this.#fields.get(name);
    if (buffer === undefined) this.#fields.set(name, (buffer = new FieldBuffer()));
    const field = this.#schema.field(name, name);
    const { termIds, terms, positions } = buffer;
    const before = terms.length;
    let next = 0;
    for (const text of strings) {
      let end = next;
      field.analyzer.scan(text, next, (token, _start, _end, position) => {
        let id = termIds.get(token);
        if (id === undefined) termIds.set(token, (id = termIds.size));
        terms.push(id);
        positions.push(position);
        end = position + 1;
      });
      next = end + POSITION_GAP;
    }
    if (buffer.terms.length === before) return;
    buffer.docs.push(doc);
    buffer.starts.push(before);
    this.bytes += 8 * (buffer.terms.length - before);
  }

  /** The immutable segment of what was added. O(tokens + terms log terms). */
  freeze(): Segment {
    const size = this.stored.length;
    const inverted = new Map<string, Postings>();
    for (const [name, buffer] of this.#fields) if (buffer.docs.length > 0) inverted.set(name, sortByTerm(buffer, size));
    const columns = new Map<string, Column>();
    for (const [name, { docs, values }] of this.#columns) {
      const starts = new Uint32Array(size + 1);
      for (const doc of docs) starts[doc + 1] = (starts[doc + 1] ?? 0) + 1;
      for (let d = 0; d < size; d += 1) starts[d + 1] = (starts[d + 1] ?? 0) + (starts[d] ?? 0);
      columns.set(name, { starts, values: Float64Array.from(values) });
    }
    return segmentOf(this.stored, Uint8Array.from(this.live), inverted, columns);
  }
}

function sortByTerm(buffer: FieldBuffer, size: number): Postings {
  const { termIds, terms: tokens, positions: at, docs: docsSeen, starts: docStarts } = buffer;
  const terms = [...termIds.keys()].sort(byCodePoint);
  const rank = new Uint32Array(terms.length);
  terms.forEach((term, i) => (rank[termIds.get(term) ?? 0] = i));
  // counting sort of the tokens by rank; `order` keeps the arrival order inside a term
  const tokenStarts = new Uint32Array(terms.length + 1);
  for (let i = 0; i < tokens.length; i += 1) {
    const r = (rank[tokens.data[i] ?? 0] ?? 0) + 1;
    tokenStarts[r] = (tokenStarts[r] ?? 0) + 1;
  }
  for (let t = 0; t < terms.length; t += 1) tokenStarts[t + 1] = (tokenStarts[t + 1] ?? 0) + (tokenStarts[t] ?? 0);
  const cursor = tokenStarts.slice();
  const docOf = new Uint32Array(tokens.length);
  const positions = new Uint32Array(tokens.length);
  const norms = new Uint8Array(size);
  for (let d = 0; d < docsSeen.length; d += 1) {
    const doc = docsSeen[d] ?? 0;
    const from = docStarts[d] ?? 0;
    const to = docStarts[d + 1] ?? tokens.length;
    norms[doc] = normOf(to - from);
    for (let i = from; i < to; i += 1) {
      const r = rank[tokens.data[i] ?? 0] ?? 0;
      const slot = cursor[r] ?? 0;
      cursor[r] = slot + 1;
      docOf[slot] = doc;
      positions[slot] = at.data[i] ?? 0;
    }
  }
  const starts = new Uint32Array(terms.length + 1);
  const docs = new Uint32List();
  const positionStarts = new Uint32List();
  for (let t = 0; t < terms.length; t += 1) {
    starts[t] = docs.length;
    for (let i = tokenStarts[t] ?? 0; i < (tokenStarts[t + 1] ?? 0); i += 1) {
      if (i > (tokenStarts[t] ?? 0) && docOf[i] === docOf[i - 1]) continue;
      docs.push(docOf[i] ?? 0);
      positionStarts.push(i);
    }
  }
  starts[terms.length] = docs.length;
  positionStarts.push(tokens.length);
  return {
    terms,
    termIds: new Map(terms.map((term, i) => [term, i])),
    starts,
    docs: docs.data.slice(0, docs.length),
    positionStarts: positionStarts.data.slice(0, positionStarts.length),
    positions,
    norms,
    docCount: docsSeen.length,
    sumTotalTermFreq: tokens.length,
  };
}

/** Code point order, which is the order of UTF-8 bytes; `<` compares UTF-16 units and differs beyond U+FFFF. */
export function byCodePoint(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // a surrogate belongs to a code point above every other unit
    const xs = x >= 0xd800 && x <= 0xdfff;
    const ys = y >= 0xd800 && y <= 0xdfff;
    return xs === ys ? x - y : xs ? 1 : -1;
  }
  return a.length - b.length;
}
