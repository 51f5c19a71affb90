/**
 * The checker: a register history for each key, and the verdict on every read.
 *
 * The idea (Gibbons & Korach, Testing Shared Memories, 1997): if no two writes of a key write the same value, a read
 * names its write. A write together with its reads is a cluster. Two moments of it matter: `from`, the latest start
 * of any of its operations (its value was current at that moment or later), and `by`, the earliest end (it had taken
 * effect by then). Two clusters contradict each other exactly if
 *
 *     other.from > mine.by  and  other.by < mine.from
 *
 * Then `other` took effect after mine and mine was current after that: the value came back, or was never replaced.
 * History may be concurrent; no lock and no order among clients is assumed.
 *
 * What is not known. A killed router leaves writes whose outcome nobody heard. Such a write may take effect at any
 * later moment, so `before`, the moment by which it has taken effect if ever, is infinite. A read of it settles that it
 * did; `settle` says that its carrier is dead, so that from then on it either has or never will. A refused write
 * (fenced) is forgotten: reading it is a violation.
 *
 * Deletes break the premise, because all of them write the same absence. A read of absence is given to whichever
 * delete can bear it, and narrows that one only if it is the only one. So a violation reported is a violation; one
 * that hides behind two concurrent deletes of a key may be missed.
 *
 * Time is a counter of events. Writes that any later read would contradict are forgotten: memory is a few numbers a
 * key. O(live writes of the key) an operation, and that is 1 or 2.
 */

export interface Violations {
  lost: number;
  stale: number;
  resurrected: number;
}

interface Write {
  readonly version: number;
  readonly isDelete: boolean;
  readonly start: number;
  from: number;
  /** Has taken effect by then; Infinity while nobody knows. */
  by: number;
  /** Has taken effect by then if it ever does. */
  before: number;
}

interface Cell {
  lastVersion: number;
  writes: Write[];
  /** Starts of the reads under way. */
  readonly reads: Set<Read>;
}

export interface Read {
  readonly key: string;
  readonly start: number;
}

/** A write under way. The version is what makes its value unique: it must be part of what is stored. */
export interface PendingWrite {
  readonly key: string;
  readonly version: number;
}

const reportsMax = 20;

/** One history for each key. */
export class Checker {
  readonly violations: Violations = { lost: 0, stale: 0, resurrected: 0 };
  /** The first of them, for a person. */
  readonly reports: string[] = [];
  readonly #cells = new Map<string, Cell>();
  #now = 0;

  /** A set begins, or a delete; both end with `acknowledge`, `refuse`, or neither if nobody knows. */
  begin(kind: 'set' | 'delete', key: string): PendingWrite {
    const cell = this.#cell(key);
    const start = ++this.#now;
    const version = ++cell.lastVersion;
    const isDelete = kind === 'delete';
    cell.writes.push({ version, isDelete, start, from: start, by: Infinity, before: Infinity });
    return { key, version };
  }

  acknowledge(pending: PendingWrite): void {
    const [cell, write] = this.#find(pending);
    if (write === undefined) return;
    const now = ++this.#now;
    write.by = Math.min(write.by, now);
    write.before = Math.min(write.before, now);
    forget(cell, now);
  }

  /** The store refused it: it has not taken effect and never will. */
  refuse(pending: PendingWrite): void {
    const [cell, write] = this.#find(pending);
    if (write !== undefined) cell.writes.splice(cell.writes.indexOf(write), 1);
  }

  /** Nobody heard the outcome, and nothing is left that could still carry it out. */
  settle(pending: PendingWrite): void {
    const [, write] = this.#find(pending);
    if (write !== undefined) write.before = Math.min(write.before, ++this.#now);
  }

  beginRead(key: string): Read {
    const read = { key, start: ++this.#now };
    this.#cell(key).reads.add(read);
    return read;
  }

  /** The read came back with this version, or with nothing. False for a violation, which is counted. */
  endRead(read: Read, version: number | undefined): boolean {
    const cell = this.#cell(read.key);
    cell.reads.delete(read);
    const end = ++this.#now;
    const able = cell.writes.filter(
      (write) =>
        (version === undefined ? write.isDelete : write.version === version && !write.isDelete) &&
        !cell.writes.some((other) => contradicts(other, write, read.start)),
    );
    const [write] = able;
    if (write === undefined) {
      this.#report(cell, read, version);
      return false;
    }
    if (able.length === 1) {
      write.from = Math.max(write.from, read.start);
      // It has taken effect, so it had by the moment by which it would have if ever.
      write.before = Math.min(write.before, end);
      write.by = Math.min(write.by, write.before);
      forget(cell, end);
    }
    return true;
  }

  /** A read that failed says nothing. */
  dropRead(read: Read): void {
    this.#cell(read.key).reads.delete(read);
  }

  /** Whether the row exists as far as acknowledged writes tell; undefined while that is open. */
  exists(key: string): boolean | undefined {
    const { writes } = this.#cell(key);
    return writes.length === 1 ? !writes[0]!.isDelete : undefined;
  }

  #cell(key: string): Cell {
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      // Before the first write there was a delete, acknowledged before all time.
      const nothing: Write = { version: 0, isDelete: true, start: 0, from: 0, by: 0, before: 0 };
      cell = { lastVersion: 0, writes: [nothing], reads: new Set() };
      this.#cells.set(key, cell);
    }
    return cell;
  }

  /** No write when it is forgotten already: a later one has replaced it. */
  #find({ key, version }: PendingWrite): [Cell, Write | undefined] {
    const cell = this.#cell(key);
    return [cell, cell.writes.find((write) => write.version === version)];
  }

  #report(cell: Cell, read: Read, version: number | undefined): void {
    const last = cell.writes.filter((write) => write.by < read.start).at(-1);
    const kind = version === undefined ? 'lost' : last?.isDelete === true ? 'resurrected' : 'stale';
    this.violations[kind]++;
    if (this.reports.length >= reportsMax) return;
    const known = cell.writes.map(
      (write) => `${write.isDelete ? 'delete' : 'set'} ${write.version}${write.by === Infinity ? ' (open)' : ''}`,
    );
    this.reports.push(`${kind}: ${read.key} read as ${version ?? 'absent'}; possible: ${known.join(', ')}`);
  }
}

/** Whether `mine`, read at `start` or later, cannot have been current then because of `other`. */
function contradicts(other: Write, mine: Write, start: number): boolean {
  return other !== mine && other.from > mine.before && other.by < Math.max(mine.from, start);
}

/** Drops the writes that every read under way or to come would contradict. */
function forget(cell: Cell, now: number): void {
  if (cell.writes.length === 1) return;
  // Reads to come begin after now.
  let horizon = now + 1;
  for (const { start } of cell.reads) horizon = Math.min(horizon, start);
  cell.writes = cell.writes.filter((write) => !cell.writes.some((other) => contradicts(other, write, horizon)));
}
