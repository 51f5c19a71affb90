/** What both stores are given: a folder of their own that goes away, and records of a known size. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function scratchFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'commit-log-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Bytes that no compressor makes smaller for nothing: classic-level compresses its files. */
export function payload(bytes: number): Uint8Array {
  const value = new Uint8Array(bytes);
  let state = 0x9e3779b9;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    value[i] = state >>> 24;
  }
  return value;
}

/** Keys in the order of numbers, as a log kept in a sorted store needs them. */
export const keyOf = (at: number): string => at.toString().padStart(16, '0');
