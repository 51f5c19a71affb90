/**
 * One attempt: one call of user code, raced against its timeout.
 *
 * Whatever the handler does, the answer is a value: ok, skipped, or failed with a verdict. A timeout aborts the signal
 * and is in doubt: the signal stops this caller, not the participant. An abort from outside (the run is undone, the
 * worker lost it) gives the handler up to a second to settle, so an undo seldom overtakes the request it undoes here;
 * over the wire it still can, which is what the participant's tombstone is for.
 *
 * The AbortController is made when a handler first looks at its signal: it costs more than everything else here, and
 * most handlers never look. After the answer nothing here refers to the handler's promise: one that never settles
 * costs only itself.
 */
import { codeOf, summarize } from './errors.ts';
import { toJson } from './json.ts';
import type { AttemptOutcome } from './react.ts';
import type { Clock } from './system.ts';

const ABORT_GRACE_MS = 1000;

/** Returned by the call to say that the condition of its step is false. */
export const SKIP: unique symbol = Symbol('skip');

export class Attempt {
  /** Never rejects. */
  readonly outcome: Promise<AttemptOutcome>;
  private readonly clock: Clock;
  private readonly resultBytesMax: number;
  private resolve: (outcome: AttemptOutcome) => void = () => undefined;
  private cancelTimer: (() => void) | undefined;
  private controller: AbortController | undefined;
  private abortReason: Error | undefined;
  private over = false;

  /** @param call gets this attempt, for its signal */
  constructor(clock: Clock, timeoutMs: number, resultBytesMax: number, call: (attempt: Attempt) => unknown) {
    this.clock = clock;
    this.resultBytesMax = resultBytesMax;
    this.outcome = new Promise((resolve) => (this.resolve = resolve));
    this.cancelTimer = clock.schedule(() => this.timeOut(timeoutMs), timeoutMs);
    // Thrown or returned at once, or later: all take the same number of turns, so siblings keep their order.
    new Promise((settled) => settled(call(this))).then(
      (value) => this.finish(() => success(value, this.resultBytesMax)),
      (error: unknown) => this.finish(() => failure(error)),
    );
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  /** Asks the handler to stop; it has a moment to settle. */
  abort(why: string): void {
    if (this.abortReason !== undefined || this.over) return;
    const error = named('AbortError', why);
    this.abortReason = error;
    this.cancelTimer?.();
    this.cancelTimer = this.clock.schedule(() => this.finish(() => failure(error)), ABORT_GRACE_MS);
    this.controller?.abort(error);
  }

  private timeOut(timeoutMs: number): void {
    const error = named('TimeoutError', `no answer within ${timeoutMs} ms`);
    this.finish(() => failure(error));
    this.abortReason = error;
    this.controller?.abort(error);
  }

  private finish(outcome: () => AttemptOutcome): void {
    if (this.over) return;
    this.over = true;
    this.cancelTimer?.();
    this.resolve(outcome());
  }
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

function success(value: unknown, bytesMax: number): AttemptOutcome {
  if (value === SKIP) return { type: 'skipped' };
  const json = toJson(value, bytesMax);
  if (!json.ok) {
    return {
      type: 'failed',
      verdict: 'unusable',
      error: { name: 'UnusableResult', message: `the result is ${json.why}` },
    };
  }
  return json.value === undefined ? { type: 'ok' } : { type: 'ok', result: json.value };
}

// By code, not by class: the error may come from another copy of this package.
function failure(error: unknown): AttemptOutcome {
  const summary = summarize(error);
  let code: string | undefined;
  try {
    code = codeOf(error);
  } catch {
    code = undefined;
  }
  const verdict = code === 'SAGA_REJECTED' ? 'rejected' : code === 'SAGA_PARK' ? 'park' : 'retry';
  return { type: 'failed', verdict, error: summary };
}
