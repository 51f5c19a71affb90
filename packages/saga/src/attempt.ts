/**
 * One attempt: one call of user code, raced against its timeout.
 *
 * Whatever the handler does, the answer is a value: ok, skipped, or failed with a verdict. A timeout aborts the signal
 * and is in doubt: the signal stops this caller, not the participant. An abort from outside (the run is undone, the
 * worker lost it) gives the handler up to a second to settle, so an undo seldom overtakes the request it undoes here;
 * over the wire it still can, which is what the participant's tombstone is for.
 *
 * After the answer nothing here refers to the handler's promise: one that never settles costs only itself.
 */
import { codeOf, summarize } from './errors.ts';
import { toJson } from './json.ts';
import type { AttemptOutcome } from './react.ts';
import type { Clock } from './system.ts';

const ABORT_GRACE_MS = 1000;

/** Returned by the call to say that the condition of its step is false. */
export const SKIP: unique symbol = Symbol('skip');

export interface AttemptPorts {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly resultBytesMax: number;
  readonly controller: AbortController;
}

/** Never rejects. */
export function runAttempt(call: () => unknown, ports: AttemptPorts): Promise<AttemptOutcome> {
  const { clock, timeoutMs, controller } = ports;
  return new Promise((resolve) => {
    let over = false;
    let cancelGrace: (() => void) | undefined;
    const finish = (outcome: AttemptOutcome): void => {
      if (over) return;
      over = true;
      cancelTimeout();
      cancelGrace?.();
      controller.signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const fail = (error: unknown): void => finish(failure(error));
    const onAbort = (): void => {
      if (!over) cancelGrace = clock.schedule(() => fail(controller.signal.reason), ABORT_GRACE_MS);
    };
    const cancelTimeout = clock.schedule(() => {
      const error = new Error(`no answer within ${timeoutMs} ms`);
      error.name = 'TimeoutError';
      finish({ type: 'failed', verdict: 'retry', error: summarize(error) });
      controller.abort(error);
    }, timeoutMs);
    controller.signal.addEventListener('abort', onAbort);
    // Thrown or returned at once, or later: all take the same number of turns, so siblings keep their order.
    new Promise((settled) => settled(call())).then((value) => finish(success(value, ports.resultBytesMax)), fail);
  });
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
