/**
 * Is this a dump? A dump comes from a file or another process, so it is checked whole before any of it is believed:
 * a NaN among the times would make an entry that never expires, and an error half way through `load` would leave
 * half of it behind. O(entries).
 */
import { requireDuration, requireNumber, requireObject } from './check.ts';
import type { CacheDump } from './types.ts';

export function requireDump(dump: CacheDump<unknown, unknown>, wallNow: number): void {
  requireFinite('wallNow', wallNow);
  const { version, entries } = requireObject('dump', dump);
  if ((version as number) !== 1 || !Array.isArray(entries)) {
    throw new TypeError('dump must be of version 1, as made by dump()');
  }
  requireFinite('dump.wallNow', dump.wallNow);
  entries.forEach((entry: CacheDump<unknown, unknown>['entries'][number], i) => {
    const name = `dump.entries[${String(i)}]`;
    const [remainingMs, weight] = [requireObject(name, entry)[2], entry[3]];
    if (remainingMs !== null) requireFinite(`${name} remainingMs`, remainingMs);
    requireDuration(`${name} weight`, weight);
  });
}

function requireFinite(name: string, value: number): void {
  requireNumber(name, value, 'finite', Number.isFinite);
}
