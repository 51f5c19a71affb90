/**
 * Facts: what has changed in a table of runs, as plain JSON.
 *
 * Every call on the table is checked first and then becomes facts; a fact always applies. The memory store throws
 * them away, the log store writes them and, after a crash, applies them again. Leases are no facts: they die with the
 * process, and a run whose owner is gone is due at once.
 */
import type { StoredEntry, StoredMail } from '../store.ts';

export type Fact =
  | {
      readonly op: 'create';
      readonly id: string;
      readonly kind: string;
      readonly worker: string | null;
      readonly dueAtMs: number | null;
      readonly body: string;
      readonly atMs: number;
    }
  | {
      readonly op: 'entry';
      readonly id: string;
      readonly entry: StoredEntry;
      readonly status?: 'completed' | 'compensated' | 'stuck';
      /** Present: the run was given up until then (null: until mail comes). */
      readonly dueAtMs?: number | null;
      readonly mailSeen?: number;
    }
  | { readonly op: 'claim'; readonly id: string; readonly entry: StoredEntry; readonly worker: string }
  | { readonly op: 'mail'; readonly mail: StoredMail; readonly atMs: number }
  | { readonly op: 'retire'; readonly worker: string; readonly atMs: number }
  | { readonly op: 'prune'; readonly ids: readonly string[] };
