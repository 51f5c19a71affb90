/**
 * A segment: one file of the log, named by the offset of its first record.
 *
 * The log is a chain of segments, each beginning where the one before it ends; only the last one, the active
 * segment, is written. The name carries the base offset in 20 digits, so that the order of names is the order of
 * offsets and a directory listing is an index over files (Kreps et al., "Kafka", 2011, section 3.1).
 *
 * `bytes` and `nextOffset` say what was written, `readableBytes` what may be read: between the two lies what no
 * acknowledgement covers yet.
 */
import type { SparseIndex } from './sparse-index.ts';

const SUFFIX = '.log';
const DIGITS = 20;

export interface Segment {
  readonly base: number;
  /** The offset after the last record written. */
  nextOffset: number;
  bytes: number;
  readableBytes: number;
  /** Of all records; -1 without any. */
  maxTimestamp: number;
  /** Kept in memory for the active segment, loaded on demand for the others. */
  index: SparseIndex | undefined;
}

export function logName(base: number): string {
  return `${String(base).padStart(DIGITS, '0')}${SUFFIX}`;
}

export function indexName(base: number): string {
  return `${String(base).padStart(DIGITS, '0')}.index`;
}

/** The base offset that a file name says, undefined for files that are no segment. */
export function baseOfName(name: string): number | undefined {
  if (name.length !== DIGITS + SUFFIX.length || !name.endsWith(SUFFIX) || !/^\d{20}/.test(name)) return undefined;
  const base = Number(name.slice(0, DIGITS));
  return Number.isSafeInteger(base) ? base : undefined;
}

/** Where the segment that holds `offset` stands in `segments`, which are in order; -1 when all begin later. */
export function segmentAt(segments: readonly Segment[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segments[middle]!.base <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
