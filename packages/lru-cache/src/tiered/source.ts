/**
 * Source: at most so many loads from it at once, and a bounded queue before it.
 *
 * The gate stands here and not before the layers above: a read that the tier answers costs the source nothing and must
 * not wait for one that does. So when the tier is lost or flushed, all reads come here, and here is where it stays calm.
 *
 * A place is held until the load ends, whether or not anybody still waits for it, since the source is busy that long;
 * but not longer than `timeoutMs`, or loaders that never end would close the gate for good.
 */
import { LoadQueueFullError } from '../loading/errors.ts';
import { Gate } from '../loading/gate.ts';
import type { Timers } from '../types.ts';

export interface SourceSettings {
  readonly maxConcurrentLoads: number;
  readonly maxQueuedLoads: number;
  readonly timeoutMs: number | undefined;
  readonly timers: Timers;
}

export class Source {
  loads = 0;
  declare private readonly gate: Gate;
  declare private readonly settings: SourceSettings;

  constructor(settings: SourceSettings) {
    this.settings = settings;
    this.gate = new Gate(settings.maxConcurrentLoads, settings.maxQueuedLoads);
  }

  /** Runs the load in its turn. An abort gives up the turn, and after that is up to the load. */
  load<T>(run: () => T | PromiseLike<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener('abort', leave);
        this.loads++;
        const { timeoutMs, timers } = this.settings;
        let held = true;
        const free = (): void => {
          if (held) this.gate.leave();
          held = false;
        };
        const timer = timeoutMs === undefined ? undefined : timers.set(free, timeoutMs);
        new Promise<T>((start) => start(run())).then(resolve, reject).finally(() => {
          if (timer !== undefined) timers.clear(timer);
          free();
        });
      };
      const leave = (): void => {
        this.gate.cancel(turn);
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        leave();
        return;
      }
      signal.addEventListener('abort', leave);
      if (this.gate.enter(turn)) return;
      signal.removeEventListener('abort', leave);
      reject(new LoadQueueFullError(this.settings.maxQueuedLoads));
    });
  }
}
