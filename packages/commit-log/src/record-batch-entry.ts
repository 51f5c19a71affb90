/**
 * `@loadbearing/commit-log/record-batch`: the codec alone, for tools that read or write Kafka's record batches.
 */
export {
  BATCH_HEADER_BYTES,
  batchCrcIsValid,
  batchDamage,
  codecOf,
  encodeBatch,
  readBatchHeader,
  stampBaseOffset,
} from './record-batch.ts';
export type { BatchHeader, EncodedBatch } from './record-batch.ts';
export { readRecords } from './record-reader.ts';
export { crc32c } from './crc32c.ts';
export type { LogRecord, RecordHeader, RecordInput } from './types.ts';
export { LogError } from './errors.ts';
export type { LogErrorCode, LogErrorDetails } from './errors.ts';
