/**
 * Is this a dump? A dump comes from a file or another process, so it is checked whole before any of it is believed:
 * a NaN among the times would make an entry that never expires, and an error half way through `load` would leave
 * half of it behind. O(entries).
 */
import { requireNumber, requireWeight } from './check.ts';

export function requireDump(dump: unknown, wallNow: unknown): void {
  requireNumber('wallNow', wallNow, 'finite', Number.isFinite);
  if (typeof dump !== 'object' || dump === null || !('version' in dump) || dump.version !== 1) {
    throw new TypeError('dump must be of version 1, as made by dump()');
  }
  requireNumber('dump.wallNow', 'wallNow' in dump ? dump.wallNow : undefined, 'finite', Number.isFinite);
  const entries: unknown = 'entries' in dump ? dump.entries : undefined;
  if (!Array.isArray(entries)) throw new TypeError('dump.entries must be an array');
  entries.forEach((entry: unknown, i) => {
    const name = `dump.entries[${String(i)}]`;
    if (!Array.isArray(entry)) throw new TypeError(`${name} must be an array of key, value, remainingMs and weight`);
    const [, , remainingMs, weight] = entry as readonly unknown[];
    if (remainingMs !== null) {
      requireNumber(`${name} remainingMs`, remainingMs, 'finite, or null', Number.isFinite);
    }
    requireWeight(`${name} weight`, weight);
  });
}
