/**
 * Where each consumer group reads on: a map kept in a log.
 *
 * Every commit is a record whose key is (group, topic, partition) and whose value is the position; the last record of
 * a key counts, and a null value removes it. Keys and values have the byte layout that Kafka uses in
 * `__consumer_offsets` (OffsetCommitKey version 1, OffsetCommitValue version 3), so its tools read them.
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
import type { Storage } from './storage.ts';
import type { CommittedOffset, Durability, LogRecord, RecordInput } from './types.ts';
import { utf8Bytes } from './utf8.ts';
import { readInt64, writeInt64 } from './varint.ts';

const KEY_VERSION = 1;
const VALUE_VERSION = 3;
const STRING_BYTES_MAX = 32_767;
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

interface Entry extends CommittedOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly leaderEpoch: number;
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
    await this.#append(stored.map((entry) => ({ entry, record: encodeEntry(entry) })));
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
    await this.#append(gone.map((entry) => ({ entry, record: { key: encodeKey(entry), value: null } })));
    for (const entry of gone) this.#committed.delete(idOf(entry));
    await this.#compact();
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #append(changes: readonly { readonly entry: Entry; readonly record: RecordInput }[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      await this.#log.append(changes.map(({ record }) => record));
      this.#records += changes.length;
    } catch (error) {
      for (const { entry } of changes) {
        const before = this.#committed.get(idOf(entry));
        if (before === undefined) this.#submitted.delete(idOf(entry));
        else this.#submitted.set(idOf(entry), before);
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

function idOf(entry: { readonly group: string; readonly topic: string; readonly partition: number }): string {
  return JSON.stringify([entry.group, entry.topic, entry.partition]);
}

function publicPart({ offset, metadata, timestamp }: Entry): CommittedOffset {
  return { offset, metadata, timestamp };
}

function encodeEntry(entry: Entry): RecordInput {
  return { key: encodeKey(entry), value: encodeValue(entry) };
}

/** OffsetCommitKey version 1: i16 version, string group, string topic, i32 partition. */
function encodeKey(entry: Entry): Uint8Array {
  const group = encoder.encode(entry.group);
  const topic = encoder.encode(entry.topic);
  const bytes = new Uint8Array(10 + group.length + topic.length);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, KEY_VERSION);
  view.setInt16(2, group.length);
  bytes.set(group, 4);
  view.setInt16(4 + group.length, topic.length);
  bytes.set(topic, 6 + group.length);
  view.setInt32(6 + group.length + topic.length, entry.partition);
  return bytes;
}

/** OffsetCommitValue version 3: i16 version, i64 offset, i32 leader epoch, string metadata, i64 commit timestamp. */
function encodeValue(entry: Entry): Uint8Array {
  const metadata = encoder.encode(entry.metadata);
  const bytes = new Uint8Array(24 + metadata.length);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, VALUE_VERSION);
  writeInt64(view, 2, entry.offset);
  view.setInt32(10, entry.leaderEpoch);
  view.setInt16(14, metadata.length);
  bytes.set(metadata, 16);
  writeInt64(view, 16 + metadata.length, entry.timestamp);
  return bytes;
}

function fold(entries: Map<string, Entry>, { key, value, offset: at }: LogRecord): void {
  const keyView = key === null ? undefined : new DataView(key.buffer, key.byteOffset, key.byteLength);
  if (key === null || keyView?.getInt16(0) !== KEY_VERSION) {
    throw new LogError('LOG_CORRUPT', `the record at offset ${at} is no committed offset`);
  }
  const groupBytes = keyView.getInt16(2);
  const topicBytes = keyView.getInt16(4 + groupBytes);
  const group = decoder.decode(key.subarray(4, 4 + groupBytes));
  const topic = decoder.decode(key.subarray(6 + groupBytes, 6 + groupBytes + topicBytes));
  const partition = keyView.getInt32(6 + groupBytes + topicBytes);
  const id = idOf({ group, topic, partition });
  if (value === null) {
    entries.delete(id);
    return;
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (view.getInt16(0) !== VALUE_VERSION) {
    throw new LogError('LOG_CORRUPT', `the record at offset ${at} is no committed offset`);
  }
  const metadataBytes = view.getInt16(14);
  entries.set(id, {
    group,
    topic,
    partition,
    offset: readInt64(view, 2),
    leaderEpoch: view.getInt32(10),
    metadata: decoder.decode(value.subarray(16, 16 + metadataBytes)),
    timestamp: readInt64(view, 16 + metadataBytes),
  });
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

const encoder: InstanceType<typeof TextEncoder> = /* @__PURE__ */ new TextEncoder();
const decoder: InstanceType<typeof TextDecoder> = /* @__PURE__ */ new TextDecoder();
