/**
 * Merge: several segments, in order -> one, without their deleted documents.
 *
 * Idea: nothing is analysed again. The dictionaries are sorted, so they are walked side by side; the postings of a
 * term are those of its segments one after another, with new document numbers; a posting of a deleted document is
 * left out with its positions. Invariant: the result equals the segment that would come of adding the live documents
 * to an empty buffer, array for array (a test holds it to that); so the order of documents, and with it the order of
 * ties, never changes. Cost: linear in the postings and positions. Source: Lucene's SegmentMerger.
 */
import { type Column, type Postings, type Segment, byCodePoint, segmentOf } from './segment.ts';

const GONE = 0xffff_ffff;

/** The new number of each document of each part; GONE for a deleted one. */
function renumber(parts: readonly Segment[]): { readonly maps: readonly Uint32Array[]; readonly size: number } {
  let size = 0;
  const maps = parts.map((part) => {
    const map = new Uint32Array(part.size);
    for (let doc = 0; doc < part.size; doc += 1) {
      map[doc] = part.live[doc] === 1 ? size : GONE;
      size += part.live[doc] ?? 0;
    }
    return map;
  });
  return { maps, size };
}

interface Source {
  readonly postings: Postings;
  readonly map: Uint32Array;
  /** The next term of the walk. */
  next: number;
}

function mergePostings(sources: readonly Source[], size: number): Postings | undefined {
  const sum = (of: (postings: Postings) => number): number => sources.reduce((n, s) => n + of(s.postings), 0);
  const terms: string[] = [];
  const starts: number[] = [];
  const docs = new Uint32Array(sum((p) => p.docs.length));
  const positionStarts = new Uint32Array(docs.length + 1);
  const positions = new Uint32Array(sum((p) => p.positions.length));
  let posting = 0;
  let position = 0;
  for (;;) {
    let term: string | undefined;
    for (const { postings, next } of sources) {
      const candidate = postings.terms[next];
      if (candidate !== undefined && (term === undefined || byCodePoint(candidate, term) < 0)) term = candidate;
    }
    if (term === undefined) break;
    const first = posting;
    for (const source of sources) {
      const { postings, map } = source;
      if (postings.terms[source.next] !== term) continue;
      const to = postings.starts[source.next + 1] ?? 0;
      for (let p = postings.starts[source.next] ?? 0; p < to; p += 1) {
        const doc = map[postings.docs[p] ?? 0] ?? GONE;
        if (doc === GONE) continue;
        docs[posting] = doc;
        positionStarts[posting] = position;
        posting += 1;
        const end = postings.positionStarts[p + 1] ?? 0;
        for (let i = postings.positionStarts[p] ?? 0; i < end; i += 1) {
          positions[position] = postings.positions[i] ?? 0;
          position += 1;
        }
      }
      source.next += 1;
    }
    if (posting === first) continue;
    terms.push(term);
    starts.push(first);
  }
  if (terms.length === 0) return undefined;
  positionStarts[posting] = position;
  const norms = new Uint8Array(size);
  let docCount = 0;
  for (const { postings, map } of sources) {
    for (let doc = 0; doc < map.length; doc += 1) {
      const to = map[doc] ?? GONE;
      const norm = postings.norms[doc] ?? 0;
      // a norm of 0 is a document without this field
      if (to === GONE || norm === 0) continue;
      norms[to] = norm;
      docCount += 1;
    }
  }
  return {
    terms,
    termIds: new Map(terms.map((term, i) => [term, i])),
    starts: Uint32Array.from([...starts, posting]),
    docs: docs.slice(0, posting),
    positionStarts: positionStarts.slice(0, posting + 1),
    positions: positions.slice(0, position),
    norms,
    docCount,
    sumTotalTermFreq: position,
  };
}

function mergeColumns(
  parts: readonly { readonly column: Column; readonly map: Uint32Array }[],
  size: number,
): Column | undefined {
  const starts = new Uint32Array(size + 1);
  const values: number[] = [];
  for (const { column, map } of parts) {
    for (let doc = 0; doc < map.length; doc += 1) {
      const to = map[doc] ?? GONE;
      if (to === GONE) continue;
      for (let i = column.starts[doc] ?? 0; i < (column.starts[doc + 1] ?? 0); i += 1)
        values.push(column.values[i] ?? 0);
      starts[to + 1] = values.length;
    }
  }
  if (values.length === 0) return undefined;
  // documents of parts without the column have no values: their starts are those before them
  for (let doc = 1; doc <= size; doc += 1) starts[doc] = Math.max(starts[doc] ?? 0, starts[doc - 1] ?? 0);
  return { starts, values: Float64Array.from(values) };
}

export function merge(parts: readonly Segment[]): Segment {
  const { maps, size } = renumber(parts);
  const mapOf = (i: number): Uint32Array => maps[i] ?? new Uint32Array(0);
  const inverted = new Map<string, Postings>();
  for (const name of new Set(parts.flatMap((part) => [...part.inverted.keys()]))) {
    const sources = parts.flatMap((part, i): Source[] => {
      const postings = part.inverted.get(name);
      return postings === undefined ? [] : [{ postings, map: mapOf(i), next: 0 }];
    });
    const merged = mergePostings(sources, size);
    if (merged !== undefined) inverted.set(name, merged);
  }
  const columns = new Map<string, Column>();
  for (const name of new Set(parts.flatMap((part) => [...part.columns.keys()]))) {
    const merged = mergeColumns(
      parts.flatMap((part, i) => {
        const column = part.columns.get(name);
        return column === undefined ? [] : [{ column, map: mapOf(i) }];
      }),
      size,
    );
    if (merged !== undefined) columns.set(name, merged);
  }
  const stored = parts.flatMap((part) => part.stored.filter((_, doc) => part.live[doc] === 1));
  return segmentOf(stored, new Uint8Array(size).fill(1), inverted, columns);
}
