/**
 * Errors: two that handlers throw to say something, one that the engine throws.
 *
 * They are told apart by `code`, never by `instanceof`: an ESM and a CommonJS copy of this package in one process
 * have different classes, and an error may have crossed a process boundary. What is journaled of any error is its
 * name, message (at most 2 KiB) and code; no stack, no input.
 */

/** Thrown by a handler: the participant said no, and will say no again. No retry; before the pivot: undo. */
export class Rejected extends Error {
  readonly code = 'SAGA_REJECTED' as const;
  override readonly name: string = 'Rejected';
}

/** Thrown by a handler: stop here and ask a person. The run is stuck until `engine.resolve`. */
export class Park extends Error {
  readonly code = 'SAGA_PARK' as const;
  override readonly name: string = 'Park';
}

export type SagaErrorCode =
  | 'SAGA_ID_CONFLICT'
  | 'SAGA_UNKNOWN_KIND'
  | 'SAGA_UNKNOWN_RUN'
  | 'SAGA_DURABILITY'
  | 'SAGA_CORRUPT_JOURNAL'
  | 'SAGA_STORE_FAILED'
  | 'SAGA_CLOSED'
  | 'SAGA_INPUT_TOO_LARGE';

/** What the engine or a store refuses; `code` is stable. */
export class SagaError extends Error {
  readonly code: SagaErrorCode;
  override readonly name: string = 'SagaError';

  constructor(code: SagaErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** An error as the journal keeps it. */
export interface ErrorSummary {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

const MESSAGE_CHARS_MAX = 2048;

export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whatever was thrown, also what is no Error or has a throwing getter. */
export function summarize(error: unknown): ErrorSummary {
  try {
    const code = codeOf(error)?.slice(0, 64);
    const isError = error instanceof Error;
    const name = (isError ? error.name : typeof error).slice(0, 64);
    const message = (isError ? error.message : String(error)).slice(0, MESSAGE_CHARS_MAX);
    return code === undefined ? { name, message } : { name, message, code };
  } catch {
    return { name: 'unknown', message: 'the thrown value cannot be read' };
  }
}
