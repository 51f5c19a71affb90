/**
 * Statistics of the whole index at one moment: df, N and average lengths, summed over all segments.
 *
 * Invariant: a score does not depend on how the documents are cut into segments; deleted documents count until a
 * merge drops them, as in Lucene.
 */
import type { Postings, Segment } from '../segment/segment.ts';
import { inverseNorms } from './bm25.ts';

export interface Similarity {
  readonly k1: number;
  readonly b: number;
}

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

/** The postings of a term: [from, to). */
export function postingRange(postings: Postings | undefined, term: string): readonly [number, number] {
  const id = postings?.termIds.get(term);
  return postings === undefined || id === undefined ? [0, 0] : [postings.starts[id] ?? 0, postings.starts[id + 1] ?? 0];
}
