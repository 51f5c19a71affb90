/**
 * A query tree over one segment -> the matching documents, ascending, with their scores.
 *
 * Idea: every node is evaluated whole, as two parallel arrays; a boolean looks its candidates up in the lists of its
 * children where these are few, and else adds the lists up in one accumulator as long as the segment. Exhaustive by design: every match is scored.
 * Invariants: documents ascend; each contribution is rounded to float32 and totals are kept in float64, so the order
 * of clauses cannot matter. No object per match: lists of one term are views of its postings.
 */
import type { Node } from '../query/node.ts';
import { type Postings, type Segment, byCodePoint } from '../segment/segment.ts';
import { contribution, idf } from './bm25.ts';
import { type Occurrences, phraseFrequency } from './phrase.ts';
import { type Statistics, postingRange } from './statistics.ts';

export interface Matches {
  readonly docs: Uint32Array;
  readonly scores: Float64Array;
}

const NOTHING: Matches = { docs: new Uint32Array(0), scores: new Float64Array(0) };
const EXCLUDED = 0xffff_ffff;

export class Executor {
  readonly #statistics: Statistics;
  readonly #hasNorms: (field: string) => boolean;

  constructor(statistics: Statistics, hasNorms: (field: string) => boolean) {
    this.#statistics = statistics;
    this.#hasNorms = hasNorms;
  }

  run(node: Node, segment: Segment): Matches {
    switch (node.kind) {
      case 'none':
        return NOTHING;
      case 'all':
        return constant(
          Uint32Array.from({ length: segment.size }, (_, doc) => doc),
          node.boost,
        );
      case 'group':
        return this.#group(node, segment);
      case 'phrase':
        return this.#phrase(node, segment);
      case 'bool':
        return this.#bool(node, segment);
      case 'terms':
        return termSet(node, segment);
      case 'range':
        return range(node, segment);
    }
  }

  #group({ cursors, boost }: Extract<Node, { kind: 'group' }>, segment: Segment): Matches {
    let df = 0;
    let count = 0;
    for (const { field, term } of cursors) {
      df = Math.max(df, this.#statistics.docFreq(field, term));
      count = Math.max(count, this.#statistics.docCount(field));
    }
    const weight = Math.fround(boost * idf(count, df));
    let matches = NOTHING;
    for (const { field, term, weight: w } of cursors) {
      const postings = segment.inverted.get(field);
      if (postings === undefined) continue;
      const inverse = this.#statistics.inverse(field, this.#hasNorms(field));
      const [from, to] = postingRange(postings, term);
      if (from === to) continue;
      const docs = postings.docs.subarray(from, to);
      const { norms, positionStarts } = postings;
      const saturation = new Float64Array(to - from);
      for (let i = 0; i < saturation.length; i += 1) {
        const tf = (positionStarts[from + i + 1] ?? 0) - (positionStarts[from + i] ?? 0);
        saturation[i] = w * tf * (inverse[norms[docs[i] ?? 0] ?? 0] ?? 0);
      }
      matches = matches === NOTHING ? { docs, scores: saturation } : union(matches, { docs, scores: saturation });
    }
    const { scores } = matches;
    for (let i = 0; i < scores.length; i += 1) scores[i] = contribution(weight, scores[i] ?? 0);
    return matches;
  }

  #phrase(node: Extract<Node, { kind: 'phrase' }>, segment: Segment): Matches {
    const postings = segment.inverted.get(node.field);
    if (postings === undefined) return NOTHING;
    const ranges = node.terms.map((term) => postingRange(postings, term));
    const total = this.#statistics.docCount(node.field);
    const sum = node.terms.reduce((s, term) => s + idf(total, this.#statistics.docFreq(node.field, term)), 0);
    const weight = Math.fround(node.boost * sum);
    const inverse = this.#statistics.inverse(node.field, this.#hasNorms(node.field));
    // the rarest term leads: a document it lacks is never looked at
    const rarest = ranges.reduce((best, range) => (range[1] - range[0] < best[1] - best[0] ? range : best));
    const cursor = ranges.map(([from]) => from);
    const places = node.offsets.map((shift): Occurrences => ({ from: 0, to: 0, shift }));
    const docs: number[] = [];
    const scores: number[] = [];
    for (let p = rarest[0]; p < rarest[1]; p += 1) {
      const doc = postings.docs[p] ?? 0;
      let inAll = true;
      for (let i = 0; inAll && i < ranges.length; i += 1) {
        const at = advance(postings.docs, cursor[i] ?? 0, ranges[i]?.[1] ?? 0, doc);
        cursor[i] = at;
        inAll = at < (ranges[i]?.[1] ?? 0) && postings.docs[at] === doc;
      }
      if (!inAll) continue;
      places.forEach((place, i) => {
        place.from = postings.positionStarts[cursor[i] ?? 0] ?? 0;
        place.to = postings.positionStarts[(cursor[i] ?? 0) + 1] ?? 0;
      });
      const frequency = phraseFrequency(postings.positions, places, node.slop);
      if (frequency === 0) continue;
      docs.push(doc);
      scores.push(contribution(weight, frequency * (inverse[postings.norms[doc] ?? 0] ?? 0)));
    }
    return { docs: Uint32Array.from(docs), scores: Float64Array.from(scores) };
  }

  #bool(node: Extract<Node, { kind: 'bool' }>, segment: Segment): Matches {
    const run = (children: readonly Node[]): readonly Matches[] => children.map((child) => this.run(child, segment));
    const clauses: Clauses = {
      must: run(node.must),
      filter: run(node.filter),
      should: run(node.should),
      mustNot: run(node.mustNot),
      shouldMin: node.shouldMin,
    };
    const few = candidatesOf(clauses, segment.size / SPARSE);
    if (few === undefined) return dense(clauses, segment.size);
    // any of some words: their union is the answer
    const plain = node.must.length + node.filter.length + node.mustNot.length === 0 && node.shouldMin === 1;
    return plain ? few : sparse(clauses, few.docs);
  }
}

interface Clauses {
  readonly must: readonly Matches[];
  readonly filter: readonly Matches[];
  readonly should: readonly Matches[];
  readonly mustNot: readonly Matches[];
  readonly shouldMin: number;
}

/** Below one candidate in so many documents, going through the candidates beats going through the documents. */
const SPARSE = 16;

/** A superset of the matches, ascending, if a cheap one of fewer than `most` is at hand. */
function candidatesOf({ must, filter, should, shouldMin }: Clauses, most: number): Matches | undefined {
  const required = [...must, ...filter];
  if (required.length > 0) {
    const rarest = required.reduce((a, b) => (b.docs.length < a.docs.length ? b : a));
    return rarest.docs.length < most ? rarest : undefined;
  }
  if (shouldMin === 0 || should.reduce((sum, { docs }) => sum + docs.length, 0) >= most) return undefined;
  return should.reduce(union, NOTHING);
}

/** Looks each candidate up in every list; the cursors only move forward. */
function sparse({ must, filter, should, mustNot, shouldMin }: Clauses, candidates: Uint32Array): Matches {
  const lists = [...must, ...filter, ...should, ...mustNot];
  const at = lists.map(() => 0);
  const docs = new Uint32Array(candidates.length);
  const scores = new Float64Array(candidates.length);
  const [scored, needed, allowed] = [must.length, must.length + filter.length, lists.length - mustNot.length];
  let found = 0;
  for (const doc of candidates) {
    let score = 0;
    let optional = 0;
    let matches = true;
    for (let i = 0; matches && i < lists.length; i += 1) {
      const list = lists[i] ?? NOTHING;
      const cursor = advance(list.docs, at[i] ?? 0, list.docs.length, doc);
      at[i] = cursor;
      const held = list.docs[cursor] === doc;
      if (i < needed) matches = held;
      else if (i >= allowed) matches = !held;
      else if (held) optional += 1;
      if (held && (i < scored || i >= needed)) score += list.scores[cursor] ?? 0;
    }
    if (!matches || optional < shouldMin) continue;
    docs[found] = doc;
    scores[found] = score;
    found += 1;
  }
  return { docs: docs.subarray(0, found), scores: scores.subarray(0, found) };
}

/** Adds every list up in arrays as long as the segment, then goes through the documents. */
function dense({ must, filter, should, mustNot, shouldMin }: Clauses, size: number): Matches {
  const score = new Float64Array(size);
  const required = new Uint32Array(size);
  const optional = new Uint32Array(size);
  const add = (lists: readonly Matches[], counter: Uint32Array, scored: boolean): void => {
    for (const { docs, scores } of lists) {
      for (let i = 0; i < docs.length; i += 1) {
        const doc = docs[i] ?? 0;
        counter[doc] = (counter[doc] ?? 0) + 1;
        if (scored) score[doc] = (score[doc] ?? 0) + (scores[i] ?? 0);
      }
    }
  };
  add(must, required, true);
  add(filter, required, false);
  add(should, optional, true);
  for (const { docs } of mustNot) for (const doc of docs) required[doc] = EXCLUDED;
  const needed = must.length + filter.length;
  const docs = new Uint32Array(size);
  let found = 0;
  for (let doc = 0; doc < size; doc += 1) {
    if (required[doc] !== needed || (optional[doc] ?? 0) < shouldMin) continue;
    docs[found] = doc;
    // in place: the slot is one already read, or this one
    score[found] = score[doc] ?? 0;
    found += 1;
  }
  return { docs: docs.subarray(0, found), scores: score.subarray(0, found) };
}

/** Both lists as one; a document of both gets the sum. */
function union(a: Matches, b: Matches): Matches {
  if (a.docs.length === 0) return b;
  const docs = new Uint32Array(a.docs.length + b.docs.length);
  const scores = new Float64Array(docs.length);
  let [i, j, n] = [0, 0, 0];
  while (i < a.docs.length || j < b.docs.length) {
    const x = a.docs[i] ?? Infinity;
    const y = b.docs[j] ?? Infinity;
    docs[n] = Math.min(x, y);
    scores[n] = (x <= y ? (a.scores[i] ?? 0) : 0) + (y <= x ? (b.scores[j] ?? 0) : 0);
    n += 1;
    if (x <= y) i += 1;
    if (y <= x) j += 1;
  }
  return { docs: docs.subarray(0, n), scores: scores.subarray(0, n) };
}

/** The first posting in [at, to) whose document is at least `doc`: galloping, O(log of the distance). */
function advance(docs: Uint32Array, at: number, to: number, doc: number): number {
  let low = at;
  let step = 1;
  while (low + step < to && (docs[low + step] ?? 0) < doc) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, to);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((docs[middle] ?? 0) < doc) low = middle + 1;
    else high = middle;
  }
  return low;
}

function termSet(node: Extract<Node, { kind: 'terms' }>, segment: Segment): Matches {
  const postings = segment.inverted.get(node.field);
  if (postings === undefined) return NOTHING;
  const marked = new Uint8Array(segment.size);
  const mark = (from: number, to: number): void => {
    for (let p = from; p < to; p += 1) marked[postings.docs[p] ?? 0] = 1;
  };
  if (node.prefix) {
    const [first, last] = prefixRange(postings, node.terms[0] ?? '');
    mark(postings.starts[first] ?? 0, postings.starts[last] ?? 0);
  } else {
    for (const term of node.terms) mark(...postingRange(postings, term));
  }
  const docs = new Uint32Array(segment.size);
  let found = 0;
  for (let doc = 0; doc < marked.length; doc += 1) {
    if (marked[doc] === 0) continue;
    docs[found] = doc;
    found += 1;
  }
  return constant(docs.subarray(0, found), node.boost);
}

/** The terms that start with `prefix`: neighbours, because terms are sorted. O(log terms + found). */
function prefixRange({ terms }: Postings, prefix: string): readonly [number, number] {
  let [low, high] = [0, terms.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byCodePoint(terms[middle] ?? '', prefix) < 0) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (terms[end]?.startsWith(prefix) === true) end += 1;
  return [low, end];
}

function range(node: Extract<Node, { kind: 'range' }>, segment: Segment): Matches {
  const column = segment.columns.get(node.field);
  if (column === undefined) return NOTHING;
  const docs: number[] = [];
  for (let doc = 0; doc < segment.size; doc += 1) {
    for (let i = column.starts[doc] ?? 0; i < (column.starts[doc + 1] ?? 0); i += 1) {
      if (!node.accepts(column.values[i] ?? NaN)) continue;
      docs.push(doc);
      break;
    }
  }
  return constant(Uint32Array.from(docs), node.boost);
}

function constant(docs: Uint32Array, boost: number): Matches {
  return { docs, scores: new Float64Array(docs.length).fill(Math.fround(boost)) };
}
