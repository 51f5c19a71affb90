/**
 * Where each consumer group reads on: a map kept in a log.
 *
 * Every commit is a record whose key is (group, topic, partition) and whose value is the position; the last record of
 * a key counts, and a null value removes it (offset-records.ts has the bytes).
 *
 * Invariant: at any moment, folding the log gives what the last acknowledged commits said. The log would grow with
 * every commit, so now and then the whole map is appended again and everything before it is deleted. The map that is
 * appended is the one of commits *submitted*, not of those acknowledged: a commit in flight stands before it in the
 * log, and an older value behind it would win.
 */
import { LogError } from './errors.ts';
import { LogEngine } from './log-engine.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { decodeOffset, encodeOffset, STRING_BYTES_MAX } from './offset-records.ts';
import type { OffsetKey, OffsetValue } from './offset-records.ts';
import type { Storage } from './storage.ts';
import type { CommittedOffset, Durability, LogRecord, RecordInput } from './types.ts';
import { utf8Bytes } from './utf8.ts';

/** Keys a store holds: more groups than this is a key made from something unbounded. */
const ENTRIES_MAX = 100_000;
const SEGMENT_BYTES = 16 * 1024 * 1024;
/** The map is appended again when the log holds this many records more than the map is worth. */
const SUPERSEDED_MIN = 10_000;
const SNAPSHOT_SLICE = 1000;

export interface OffsetCommit {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read. */
  readonly offset: number;
  /** Default: -1, unknown. */
  readonly leaderEpoch?: number;
  readonly metadata?: string;
}

export interface OffsetStoreOptions {
  readonly storage: Storage;
  /** Default: `batch`. */
  readonly durability?: Durability;
  readonly clock?: Clock;
}

type Entry = OffsetKey & OffsetValue;

interface Change {
  readonly entry: Entry;
  /** What the map of submitted positions holds for it; undefined for a removal. */
  readonly submitted: Entry | undefined;
  readonly record: RecordInput;
}

/** Committed offsets of consumer groups, durable as the mode says. */
export class OffsetStore {
  readonly #log: LogEngine;
  readonly #clock: Clock;
  readonly #committed: Map<string, Entry>;
  readonly #submitted: Map<string, Entry>;
  #records: number;
  #snapshot: Promise<void> | undefined;

  private constructor(log: LogEngine, clock: Clock, entries: Map<string, Entry>, records: number) {
    this.#log = log;
    this.#clock = clock;
    this.#committed = entries;
    this.#submitted = new Map(entries);
    this.#records = records;
  }

  /** Opens the store in a storage of its own and folds its log. O(records). */
  static async open(options: OffsetStoreOptions): Promise<OffsetStore> {
    const { storage, durability = 'batch', clock = systemClock } = options;
    const log = await LogEngine.open({ storage, durability, clock, segmentBytes: SEGMENT_BYTES });
    try {
      const entries = new Map<string, Entry>();
      let records = 0;
      for await (const chunk of log.read({ from: 'start' })) {
        for (const record of chunk) {
          fold(entries, record);
          records++;
        }
      }
      return new OffsetStore(log, clock, entries, records);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** Resolves when the positions are stored; all of one call or none. Rejects `RangeError` for what is no position. */
  async commit(group: string, entries: readonly OffsetCommit[]): Promise<void> {
    const timestamp = this.#clock.now();
    const stored = entries.map((entry): Entry => {
      const { topic, partition, offset, leaderEpoch = -1, metadata = '' } = entry;
      checkName('group', group);
      checkName('topic', topic);
      checkName('metadata', metadata);
      checkNumber('partition', partition, 0x7fffffff);
      checkNumber('offset', offset, Number.MAX_SAFE_INTEGER);
      return { group, topic, partition, offset, leaderEpoch, metadata, timestamp };
    });
    const added = stored.filter((entry) => !this.#submitted.has(idOf(entry))).length;
    if (this.#submitted.size + added > ENTRIES_MAX) {
      throw new RangeError(`an offset store holds at most ${ENTRIES_MAX} positions; remove groups that are gone`);
    }
    for (const entry of stored) this.#submitted.set(idOf(entry), entry);
    await this.#append(stored.map((entry) => ({ entry, submitted: entry, record: encodeEntry(entry) })));
    for (const entry of stored) this.#committed.set(idOf(entry), entry);
    await this.#compact();
  }

  committed(group: string, topic: string, partition: number): CommittedOffset | undefined {
    const entry = this.#committed.get(idOf({ group, topic, partition }));
    return entry === undefined ? undefined : publicPart(entry);
  }

  /** All positions of a group. O(positions of the store). */
  list(group: string): readonly (CommittedOffset & { readonly topic: string; readonly partition: number })[] {
    return [...this.#committed.values()]
      .filter((entry) => entry.group === group)
      .map((entry) => ({ topic: entry.topic, partition: entry.partition, ...publicPart(entry) }));
  }

  groups(): readonly string[] {
    return [...new Set([...this.#committed.values()].map(({ group }) => group))];
  }

  /** Forgets a group, or its positions in one topic or partition. */
  async remove(group: string, topic?: string, partition?: number): Promise<void> {
    const gone = [...this.#submitted.values()].filter(
      (entry) =>
        entry.group === group &&
        (topic === undefined || entry.topic === topic) &&
        (partition === undefined || entry.partition === partition),
    );
    if (gone.length === 0) return;
    for (const entry of gone) this.#submitted.delete(idOf(entry));
    await this.#append(gone.map((entry) => ({ entry, submitted: undefined, record: encodeOffset(entry, null) })));
    for (const entry of gone) this.#committed.delete(idOf(entry));
    await this.#compact();
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #append(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      await this.#log.append(changes.map(({ record }) => record));
      this.#records += changes.length;
    } catch (error) {
      for (const { entry, submitted } of changes) {
        // A later commit of the same key may be on its way: then that one stands.
        const id = idOf(entry);
        if (this.#submitted.get(id) !== submitted) continue;
        const before = this.#committed.get(id);
        if (before === undefined) this.#submitted.delete(id);
        else this.#submitted.set(id, before);
      }
      throw error;
    }
  }

  async #compact(): Promise<void> {
    if (this.#snapshot !== undefined || this.#records < SUPERSEDED_MIN + 4 * this.#submitted.size) return;
    this.#snapshot = this.#rewrite();
    try {
      await this.#snapshot;
    } catch (error) {
      // The commit that happened to trigger this is stored; a failed log will say so at the next one.
      if (!(error instanceof LogError)) throw error;
    } finally {
      this.#snapshot = undefined;
    }
  }

  /** Appends the whole map, then deletes what stands before it. A crash in between leaves both, and the same fold. */
  async #rewrite(): Promise<void> {
    const records = [...this.#submitted.values()].map(encodeEntry);
    // All slices are queued in this turn: a commit that comes later stands behind them.
    const slices: Promise<{ readonly baseOffset: number }>[] = [];
    for (let at = 0; at < records.length; at += SNAPSHOT_SLICE) {
      slices.push(this.#log.append(records.slice(at, at + SNAPSHOT_SLICE)));
    }
    const [first] = await Promise.all(slices);
    await this.#log.deleteBefore(first?.baseOffset ?? this.#log.offsets().end);
    this.#records = records.length;
  }
}

function idOf(entry: OffsetKey): string {
  return JSON.stringify([entry.group, entry.topic, entry.partition]);
}

function publicPart({ offset, metadata, timestamp }: Entry): CommittedOffset {
  return { offset, metadata, timestamp };
}

function encodeEntry(entry: Entry): RecordInput {
  return encodeOffset(entry, entry);
}

function fold(entries: Map<string, Entry>, record: LogRecord): void {
  const { key, value } = decodeOffset(record);
  if (value === null) entries.delete(idOf(key));
  else entries.set(idOf(key), { ...key, ...value });
}

function checkName(name: string, value: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} is ${typeof value}; it must be a string`);
  const bytes = utf8Bytes(value);
  if (bytes > STRING_BYTES_MAX) throw new RangeError(`${name} has ${bytes} bytes; at most ${STRING_BYTES_MAX} fit`);
}

function checkNumber(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${name} is ${value}; it must be a whole number from 0 to ${max}`);
  }
}
