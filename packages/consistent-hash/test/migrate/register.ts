/**
 * Whether the history of one key could have come from a single register: nothing lost, nothing stale, nothing back from
 * the dead.
 *
 * Written values are unique, so a read names the write it saw. Source: Gibbons and Korach, "Testing shared memories"
 * (SIAM Journal on Computing, 1997): put each write together with its reads; let `first` be where the first of them
 * ends and `last` where the last of them begins. X must come before Y if X.first < Y.last, and the history is that of a
 * register exactly if no two of them must come before each other. A write without an answer ends never; a read that
 * saw it still says when it had taken place.
 *
 * Deletes are not unique: a read of nothing may belong to any of them, and is wrong if it fits none. That is sound (it
 * never accuses a correct history) and almost complete.
 */
export interface Operation {
  readonly kind: 'get' | 'set' | 'delete';
  /** Written or read; nothing for a delete and for a read of nothing. */
  readonly value?: string | undefined;
  readonly start: number;
  /** Infinity without an answer. */
  readonly end: number;
}

interface Cluster {
  readonly write: Operation;
  first: number;
  last: number;
}

/** Before everything, the key is absent. */
const initial: Operation = { kind: 'delete', start: -1, end: -1 };

const cluster = (write: Operation): Cluster => ({ write, first: write.end, last: write.start });
const joined = ({ write, first, last }: Cluster, read: Operation): Cluster => ({
  write,
  first: Math.min(first, read.end),
  last: Math.max(last, read.start),
});
const contradict = (x: Cluster, y: Cluster): boolean => x.first < y.last && y.first < x.last;

const told = ({ kind, value, start, end }: Operation): string =>
  `${kind} ${value ?? 'nothing'} [${String(start)}, ${String(end)}]`;

/** The first contradiction, in words, or undefined for a history that a register can have. O(operations^2). */
export function violation(history: readonly Operation[]): string | undefined {
  const clusters = new Map<string, Cluster>();
  const deletes = [cluster(initial)];
  for (const operation of history) {
    if (operation.kind === 'set') clusters.set(operation.value!, cluster(operation));
    if (operation.kind === 'delete') deletes.push(cluster(operation));
  }
  const reads = history.filter(({ kind, end }) => kind === 'get' && end < Infinity);
  for (const read of reads) {
    if (read.value === undefined) continue;
    const seen = clusters.get(read.value);
    if (seen === undefined || read.end < seen.write.start) return `out of nowhere: ${told(read)}`;
    clusters.set(read.value, joined(seen, read));
  }
  const sets = [...clusters.values()];
  for (const [i, x] of sets.entries()) {
    const later = sets.slice(i + 1).find((y) => contradict(x, y));
    if (later !== undefined) return `stale or lost: ${told(x.write)} and ${told(later.write)}`;
    const gone = deletes.find((y) => contradict(x, y));
    if (gone !== undefined) return `back from the dead: ${told(x.write)} after ${told(gone.write)}`;
  }
  for (const read of reads) {
    if (read.value !== undefined) continue;
    const fits = deletes.some((own) => {
      const both = joined(own, read);
      const others = [...sets, ...deletes.filter((other) => other !== own)];
      return own.write.start < read.end && !others.some((other) => contradict(both, other));
    });
    if (!fits) return `lost: ${told(read)}`;
  }
  return undefined;
}
