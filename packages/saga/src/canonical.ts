/**
 * Canonical JSON and its FNV-1a hash: when two values are the same value.
 *
 * Object members are written in code-unit order of their names and members that are undefined are left out, so the
 * text depends on the value alone. It answers two questions: is a second `start` with the same id the same request,
 * and are two definitions the same graph. The hash (Fowler, Noll, Vo; 32 bits) tells versions of a definition apart
 * by accident, not against an enemy.
 */
import type { Json } from './types.ts';

/** O(n log n) in the size of the value. */
export function canonical(value: Json | undefined): string {
  if (value === undefined) return 'null';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(',')}}`;
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/** FNV-1a, 32 bits, over UTF-16 code units, as 8 hexadecimal digits. */
export function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
