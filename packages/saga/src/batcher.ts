/**
 * Batcher: group commit. All rows that wait go as one call.
 *
 * There is no linger timer: the calls in flight are the linger. Rows gather while the store works, so a slow store
 * gets large batches and a fast one small ones. At most `batchMax` rows a call and `writersMax` calls at a time.
 *
 * A call that fails has an unknown outcome: it may have been written. It is sent again unchanged, after a pause,
 * until it answers or its time is over; rows are made so that the second writing of one is seen as such (a taken seq,
 * an existing run). Only when the store says that it is closed or has failed is there no point in asking again.
 */
import { SagaError, codeOf } from './errors.ts';
import type { Clock } from './system.ts';

interface Waiting<Row, Answer> {
  readonly row: Row;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatcherOptions<Row, Answer> {
  readonly call: (rows: readonly Row[]) => Promise<readonly Answer[]>;
  readonly batchMax: number;
  readonly writersMax: number;
  readonly clock: Clock;
  /** Between two sendings of a batch whose outcome is unknown. */
  readonly pauseMs: number;
  /** Whether an unknown outcome is to be left unknown: the rows are rejected with the error. */
  readonly giveUp: () => boolean;
}

export class Batcher<Row, Answer> {
  private queue: Waiting<Row, Answer>[] = [];
  private inFlight = 0;
  private scheduled = false;
  private readonly options: BatcherOptions<Row, Answer>;

  constructor(options: BatcherOptions<Row, Answer>) {
    this.options = options;
  }

  add(row: Row): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.queue.push({ row, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled || this.inFlight >= this.options.writersMax || this.queue.length === 0) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      const batch = this.queue.splice(0, this.options.batchMax);
      if (batch.length === 0) return;
      this.inFlight++;
      void this.send(batch).finally(() => {
        this.inFlight--;
        this.schedule();
      });
      this.schedule();
    });
  }

  private async send(batch: readonly Waiting<Row, Answer>[]): Promise<void> {
    const rows = batch.map((w) => w.row);
    for (;;) {
      try {
        const answers = await this.options.call(rows);
        batch.forEach((w, i) => w.resolve(answers[i]!));
        return;
      } catch (error) {
        if (isFinal(error) || this.options.giveUp()) {
          for (const w of batch) w.reject(error);
          return;
        }
        await new Promise<void>((resolve) => this.options.clock.schedule(resolve, this.options.pauseMs));
        if (this.options.giveUp()) {
          for (const w of batch) w.reject(error);
          return;
        }
      }
    }
  }
}

/** A closed or failed store, or a mistake of the caller: the same call will fail again. */
export function isFinal(error: unknown): boolean {
  const code = codeOf(error);
  return (
    error instanceof TypeError || error instanceof RangeError || code === 'SAGA_CLOSED' || code === 'SAGA_STORE_FAILED'
  );
}

export const closedError = (): SagaError => new SagaError('SAGA_CLOSED', 'the engine is closed');
