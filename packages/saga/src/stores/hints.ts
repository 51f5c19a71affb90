/**
 * Hints: tells watchers, once per turn of the microtask queue, which runs changed.
 *
 * Nothing may depend on a hint. It spares a poll; a watcher that throws is left alone.
 */
import type { Fact } from './facts.ts';

const NAMED_MAX = 1000;

export class Hints {
  private readonly watchers = new Set<(runs: readonly string[] | null) => void>();
  private pending: Set<string> | null = null;

  watch(onHint: (runs: readonly string[] | null) => void): () => void {
    const watcher = (runs: readonly string[] | null): void => onHint(runs);
    this.watchers.add(watcher);
    return () => {
      this.watchers.delete(watcher);
    };
  }

  tell(runs: Iterable<string>): void {
    if (this.watchers.size === 0) return;
    if (this.pending === null) {
      this.pending = new Set();
      queueMicrotask(() => this.flush());
    }
    for (const run of runs) this.pending.add(run);
  }

  private flush(): void {
    const pending = this.pending;
    this.pending = null;
    if (pending === null || pending.size === 0) return;
    const runs = pending.size > NAMED_MAX ? null : [...pending];
    for (const watcher of this.watchers) {
      try {
        watcher(runs);
      } catch {
        // A hint is a courtesy: a failing watcher must not fail the write that caused it.
      }
    }
  }
}

/** The runs of these facts that somebody else may want to look at: free to take, ended, stuck, or with mail. */
export function* worthATell(facts: readonly Fact[]): Generator<string> {
  for (const fact of facts) {
    if (fact.op === 'create' && fact.worker === null) yield fact.id;
    else if (fact.op === 'entry' && (fact.status !== undefined || fact.dueAtMs !== undefined)) yield fact.id;
    else if (fact.op === 'mail') yield fact.mail.run;
  }
}
