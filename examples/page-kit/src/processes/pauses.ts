/**
 * How long a process was kept from its work: by the scheduler of a busy machine, or by a long turn of its own. A delay
 * that was measured in real time says something about a protocol only beside this.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Pauses {
  reset(): void;
  /** The longest since the last reset, in milliseconds. */
  worstMs(): number;
}

export function watchPauses(): Pauses {
  const histogram = monitorEventLoopDelay({ resolution: 5 });
  histogram.enable();
  return { reset: () => histogram.reset(), worstMs: () => (histogram.count === 0 ? 0 : histogram.max / 1e6) };
}
