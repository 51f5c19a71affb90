/**
 * What can go wrong, as one class with a stable `code`.
 *
 * A caller decides by `code`, never by the message and never by `instanceof`: an application may hold an ESM and a
 * CommonJS copy of this package at the same time, and their classes differ.
 *
 * Wrong arguments are not in this list. They are `TypeError` (wrong kind of value) and `RangeError` (out of the
 * allowed range), as everywhere in the language.
 */

/**
 * - `LOG_FAILED`: a sync failed, nothing is acknowledged any more by this instance; `cause` has the reason.
 * - `LOG_CLOSED`: the log was closed.
 * - `LOG_LOCKED`: another process (or another instance) has this directory open; see `pid`.
 * - `LOG_CORRUPT`: bytes that were durable have changed or are missing.
 * - `OFFSET_OUT_OF_RANGE`: the offset is not between `start` and `end`.
 * - `RECORD_TOO_LARGE`: one append is larger than `maxBatchBytes`.
 * - `STORAGE_FULL`, `WRITE_FAILED`: this append is not stored; the log goes on.
 * - `UNSUPPORTED_CODEC`: a batch is compressed.
 */
export type LogErrorCode =
  | 'LOG_FAILED'
  | 'LOG_CLOSED'
  | 'LOG_LOCKED'
  | 'LOG_CORRUPT'
  | 'OFFSET_OUT_OF_RANGE'
  | 'RECORD_TOO_LARGE'
  | 'STORAGE_FULL'
  | 'WRITE_FAILED'
  | 'UNSUPPORTED_CODEC';

export interface LogErrorDetails {
  readonly cause?: unknown;
  readonly start?: number;
  readonly end?: number;
  readonly pid?: number;
}

/** An error of the log itself; see {@link LogErrorCode}. */
export class LogError extends Error {
  readonly code: LogErrorCode;
  /** The range that was readable, with `OFFSET_OUT_OF_RANGE`. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** The process that holds the directory, with `LOG_LOCKED`. */
  readonly pid: number | undefined;

  constructor(code: LogErrorCode, message: string, details: LogErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = 'LogError';
    this.code = code;
    this.start = details.start;
    this.end = details.end;
    this.pid = details.pid;
  }
}

/** The error of an append whose write failed: full disks are worth telling apart, because they can be emptied. */
export function writeError(cause: unknown): LogError {
  const code = (cause as { readonly code?: unknown } | null)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new LogError('STORAGE_FULL', 'the storage is full; nothing of this append is stored', { cause })
    : new LogError('WRITE_FAILED', 'the write failed; nothing of this append is stored', { cause });
}

export function outOfRange(offset: number, start: number, end: number): LogError {
  return new LogError('OFFSET_OUT_OF_RANGE', `offset ${offset} is outside the log, which holds [${start}, ${end})`, {
    start,
    end,
  });
}
