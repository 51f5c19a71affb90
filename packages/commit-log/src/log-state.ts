/**
 * What writer and readers share: the segments, the visible range, and the one way to learn that it moved.
 *
 * The writer alone changes it. A reader sees an offset only once the durability mode is satisfied (`end`), and
 * whoever waits for more waits on one promise that all waiters share, so a thousand tails cost one wake-up each and
 * no bookkeeping.
 */
import type { LogError } from './errors.ts';
import type { Segment } from './segment.ts';
import type { LogEvent } from './types.ts';

export class LogState {
  /** In order, never empty; the last one is active. */
  readonly segments: Segment[];
  readonly #onEvent: ((event: LogEvent) => void) | undefined;
  start: number;
  /** The offset after the last visible record. */
  end: number;
  failure: LogError | undefined = undefined;
  closed: boolean = false;
  #change: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined = undefined;

  constructor(segments: Segment[], start: number, end: number, onEvent: ((event: LogEvent) => void) | undefined) {
    this.segments = segments;
    this.start = start;
    this.end = end;
    this.#onEvent = onEvent;
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1]!;
  }

  /** Resolves at the next change of the range, failure, close, or `wake`. */
  changed(): Promise<void> {
    if (this.#change === undefined) {
      let resolve: () => void = () => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      this.#change = { promise, resolve };
    }
    return this.#change.promise;
  }

  wake(): void {
    const change = this.#change;
    this.#change = undefined;
    change?.resolve();
  }

  emit(event: LogEvent): void {
    try {
      this.#onEvent?.(event);
    } catch {
      // An observer must not decide whether a record is stored.
    }
  }
}
