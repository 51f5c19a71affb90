/**
 * A query tree over one segment -> the matching documents, ascending, with their scores.
 *
 * Idea: every node is evaluated whole, as two parallel arrays; a boolean adds its children up in one accumulator per
 * segment and keeps the documents whose counters are high enough. Exhaustive by design: every match is scored.
 * Invariants: statistics (df, N, average length) are summed over all segments, so a score does not depend on how the
 * documents are cut into segments; deleted documents count in them until a merge drops them, as in Lucene.
 * Each contribution is rounded to float32 and totals are kept in float64, so the order of clauses cannot matter.
 */
import type { Node } from '../query/parse.ts';
import type { Postings, Segment } from '../segment/segment.ts';
import { contribution, idf, inverseNorms } from './bm25.ts';
import { phraseFrequency } from './phrase.ts';

export interface Matches {
  readonly docs: readonly number[];
  readonly scores: readonly number[];
}
export interface Similarity {
  readonly k1: number;
  readonly b: number;
}

/** Statistics of the whole index at one moment. */
export class Statistics {
  readonly #segments: readonly Segment[];
  readonly #similarity: Similarity;
  readonly #norms = new Map<string, Float32Array>();

  constructor(segments: readonly Segment[], similarity: Similarity) {
    this.#segments = segments;
    this.#similarity = similarity;
  }
  docCount(field: string): number {
    return this.#segments.reduce((sum, segment) => sum + (segment.inverted.get(field)?.docCount ?? 0), 0);
  }
  docFreq(field: string, term: string): number {
    let df = 0;
    for (const segment of this.#segments) {
      const [from, to] = postingRange(segment.inverted.get(field), term);
      df += to - from;
    }
    return df;
  }
  averageLength(field: string): number {
    const sum = this.#segments.reduce(
      (total, segment) => total + (segment.inverted.get(field)?.sumTotalTermFreq ?? 0),
      0,
    );
    return Math.fround(sum / Math.max(1, this.docCount(field)));
  }
  /** inv per norm byte; a keyword field has no norms and counts as length 1. */
  inverse(field: string, norms: boolean): Float32Array {
    let table = this.#norms.get(field);
    if (table === undefined) {
      const { k1, b } = this.#similarity;
      table = norms ? inverseNorms(k1, b, this.averageLength(field)) : new Float32Array(256).fill(1 / k1);
      this.#norms.set(field, table);
    }
    return table;
  }
}

function postingRange(postings: Postings | undefined, term: string): readonly [number, number] {
  const id = postings?.termIds.get(term);
  return postings === undefined || id === undefined ? [0, 0] : [postings.starts[id] ?? 0, postings.starts[id + 1] ?? 0];
}

function positionsOf(postings: Postings, posting: number, shift: number): readonly number[] {
  const out: number[] = [];
  for (let i = postings.positionStarts[posting] ?? 0; i < (postings.positionStarts[posting + 1] ?? 0); i += 1)
    out.push((postings.positions[i] ?? 0) - shift);
  return out;
}

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
        return { docs: [], scores: [] };
      case 'all':
        return constant(
          Array.from({ length: segment.size }, (_, doc) => doc),
          node.boost,
        );
      case 'group':
        return this.#group(node, segment);
      case 'phrase':
        return this.#phrase(node, segment);
      case 'bool':
        return this.#bool(node, segment);
      case 'terms': {
        const postings = segment.inverted.get(node.field);
        const marked = new Uint8Array(segment.size);
        if (postings !== undefined) {
          const [wanted = ''] = node.terms;
          const terms = node.prefix ? postings.terms.filter((term) => term.startsWith(wanted)) : node.terms;
          for (const term of terms) {
            const [from, to] = postingRange(postings, term);
            for (let p = from; p < to; p += 1) marked[postings.docs[p] ?? 0] = 1;
          }
        }
        return constant(indicesOf(marked), node.boost);
      }
      case 'range': {
        const column = segment.columns.get(node.field);
        const docs: number[] = [];
        for (let doc = 0; column !== undefined && doc < segment.size; doc += 1) {
          for (let i = column.starts[doc] ?? 0; i < (column.starts[doc + 1] ?? 0); i += 1) {
            if (!node.accepts(column.values[i] ?? NaN)) continue;
            docs.push(doc);
            break;
          }
        }
        return constant(docs, node.boost);
      }
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
    const saturation = new Map<number, number>();
    for (const { field, term, weight: w } of cursors) {
      const postings = segment.inverted.get(field);
      if (postings === undefined) continue;
      const inverse = this.#statistics.inverse(field, this.#hasNorms(field));
      const [from, to] = postingRange(postings, term);
      for (let p = from; p < to; p += 1) {
        const doc = postings.docs[p] ?? 0;
        const tf = (postings.positionStarts[p + 1] ?? 0) - (postings.positionStarts[p] ?? 0);
        saturation.set(doc, (saturation.get(doc) ?? 0) + w * tf * (inverse[postings.norms[doc] ?? 0] ?? 0));
      }
    }
    const docs = [...saturation.keys()];
    if (cursors.length > 1) docs.sort((a, b) => a - b);
    return { docs, scores: docs.map((doc) => contribution(weight, saturation.get(doc) ?? 0)) };
  }

  #phrase(node: Extract<Node, { kind: 'phrase' }>, segment: Segment): Matches {
    const postings = segment.inverted.get(node.field);
    if (postings === undefined) return { docs: [], scores: [] };
    const ranges = node.terms.map((term) => postingRange(postings, term));
    const cursor = ranges.map(([from]) => from);
    const total = this.#statistics.docCount(node.field);
    const sum = node.terms.reduce((s, term) => s + idf(total, this.#statistics.docFreq(node.field, term)), 0);
    const weight = Math.fround(node.boost * sum);
    const inverse = this.#statistics.inverse(node.field, this.#hasNorms(node.field));
    const docs: number[] = [];
    const scores: number[] = [];
    const [lead] = ranges;
    for (let p = lead?.[0] ?? 0; p < (lead?.[1] ?? 0); p += 1) {
      const doc = postings.docs[p] ?? 0;
      const inAll = ranges.every(([, to], i) => {
        let at = cursor[i] ?? 0;
        while (at < to && (postings.docs[at] ?? 0) < doc) at += 1;
        cursor[i] = at;
        return at < to && postings.docs[at] === doc;
      });
      if (!inAll) continue;
      const lists = node.offsets.map((shift, i) => positionsOf(postings, cursor[i] ?? 0, shift));
      const frequency = phraseFrequency(lists, node.slop);
      if (frequency === 0) continue;
      docs.push(doc);
      scores.push(contribution(weight, frequency * (inverse[postings.norms[doc] ?? 0] ?? 0)));
    }
    return { docs, scores };
  }

  #bool(node: Extract<Node, { kind: 'bool' }>, segment: Segment): Matches {
    const score = new Float64Array(segment.size);
    const required = new Uint16Array(segment.size);
    const optional = new Uint16Array(segment.size);
    const add = (children: readonly Node[], counter: Uint16Array, scored: boolean): void => {
      for (const child of children) {
        const { docs, scores } = this.run(child, segment);
        for (let i = 0; i < docs.length; i += 1) {
          const doc = docs[i] ?? 0;
          counter[doc] = (counter[doc] ?? 0) + 1;
          if (scored) score[doc] = (score[doc] ?? 0) + (scores[i] ?? 0);
        }
      }
    };
    add(node.must, required, true);
    add(node.filter, required, false);
    add(node.should, optional, true);
    for (const child of node.mustNot) for (const doc of this.run(child, segment).docs) required[doc] = 0xffff;
    const needed = node.must.length + node.filter.length;
    const docs: number[] = [];
    const scores: number[] = [];
    for (let doc = 0; doc < segment.size; doc += 1) {
      if (required[doc] !== needed || (optional[doc] ?? 0) < node.shouldMin) continue;
      docs.push(doc);
      scores.push(score[doc] ?? 0);
    }
    return { docs, scores };
  }
}

function constant(docs: readonly number[], boost: number): Matches {
  return { docs, scores: docs.map(() => Math.fround(boost)) };
}

function indicesOf(marked: Uint8Array): readonly number[] {
  const docs: number[] = [];
  for (let doc = 0; doc < marked.length; doc += 1) if (marked[doc] === 1) docs.push(doc);
  return docs;
}
