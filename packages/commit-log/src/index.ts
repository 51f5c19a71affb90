/** An append-only, crash-safe log in your process: Kafka's batch format on disk, group commit, recovery that never guesses */
export { Log } from './log.ts';
export { OffsetStore } from './offset-store.ts';
export type { OffsetCommit, OffsetStoreOptions } from './offset-store.ts';
export { memoryStorage } from './memory-storage.ts';
export type { Storage, StorageFile } from './storage.ts';
export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { LogError } from './errors.ts';
export type { LogErrorCode, LogErrorDetails } from './errors.ts';
export type {
  AppendOptions,
  Appended,
  CommittedOffset,
  Durability,
  LogEvent,
  LogLike,
  LogOptions,
  LogRecord,
  LogStats,
  ReadOptions,
  RecordHeader,
  RecordInput,
  RecoveryReport,
  TailOptions,
} from './types.ts';
