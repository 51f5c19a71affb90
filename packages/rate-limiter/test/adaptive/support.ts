/**
 * A server under load as a discrete-event simulation: time moves from event to event, so hours take seconds and a seed
 * gives the same run again.
 *
 * Requests arrive at random (Poisson), wait in the server's own queue for one of its workers, and are served for an
 * exponential time. The server does not notice that a client gave up. A client that is refused, or not answered by its
 * deadline, tries again a little later, as often as told.
 */
import {
  createConcurrencyLimiter,
  type ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
} from '../../src/adaptive/index.ts';
import { manualClock } from '../../src/testing/manual-clock.ts';

export interface Scenario {
  readonly workers: number;
  readonly serviceMs: (nowMs: number) => number;
  readonly deadlineMs: number;
  /** First attempts, as a multiple of the capacity at time 0. */
  readonly load: number;
  readonly retries: number;
  readonly durationMs: number;
  /** What is before is not counted: the limit is still being found. */
  readonly countFromMs: number;
  readonly limiter?: Omit<ConcurrencyLimiterOptions, 'clock' | 'timers'>;
  readonly seed: number;
}

/** Requests answered within their deadline, as a part of what the workers could have served or was asked for. */
export async function goodput(scenario: Scenario): Promise<number> {
  const { workers, serviceMs, deadlineMs, load, retries, durationMs, countFromMs } = scenario;
  const random = fractions(scenario.seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - random());
  const clock = manualClock();
  const agenda = new Agenda();
  const timers = {
    set: (fn: () => void, delayMs: number) => agenda.add(clock() + delayMs, fn),
    clear: (event: unknown) => ((event as Event).cancelled = true),
  };
  const limiter: ConcurrencyLimiter | undefined =
    scenario.limiter && createConcurrencyLimiter({ ...scenario.limiter, clock, timers });
  const perMs = (workers / serviceMs(0)) * load;
  const waiting: (() => void)[] = [];
  let head = 0;
  let busy = 0;
  let good = 0;
  let possible = 0;

  function work(done: () => void): void {
    busy++;
    agenda.add(clock() + exponential(serviceMs(clock())), () => {
      busy--;
      done();
      if (head < waiting.length) waiting[head++]!();
    });
  }

  async function attempt(left: number): Promise<void> {
    const startMs = clock();
    const again = (atMs: number): void => {
      if (left > 0) agenda.add(atMs + exponential(50), () => void attempt(left - 1));
    };
    const permit = await limiter?.acquire();
    if (limiter !== undefined && permit === undefined) {
      again(clock());
      return;
    }
    const done = (): void => {
      permit?.release();
      const late = clock() - startMs > deadlineMs;
      if (!late && clock() >= countFromMs && clock() < durationMs) good++;
    };
    if (busy < workers) work(done);
    else waiting.push(() => work(done));
  }

  function arrive(): void {
    void attempt(retries);
    agenda.add(clock() + exponential(1 / perMs), arrive);
  }

  agenda.add(0, arrive);
  for (let event = agenda.next(); event !== undefined && event.atMs < durationMs; event = agenda.next()) {
    clock.set(event.atMs);
    if (event.cancelled) continue;
    event.fn();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  for (let ms = countFromMs; ms < durationMs; ms++) possible += Math.min(workers / serviceMs(ms), perMs);
  return good / possible;
}

interface Event {
  readonly atMs: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/** A binary heap of events by time. */
class Agenda {
  private readonly heap: Event[] = [];

  add(atMs: number, fn: () => void): Event {
    const event = { atMs, fn, cancelled: false };
    const { heap } = this;
    let at = heap.push(event) - 1;
    for (let up = (at - 1) >> 1; at > 0 && heap[up]!.atMs > atMs; at = up, up = (at - 1) >> 1) heap[at] = heap[up]!;
    heap[at] = event;
    return event;
  }

  next(): Event | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let down = 1; down < heap.length; down = 2 * at + 1) {
      if (down + 1 < heap.length && heap[down + 1]!.atMs < heap[down]!.atMs) down++;
      if (heap[down]!.atMs >= last.atMs) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

/** Fractions that a seed determines (a linear congruential generator of 32 bits). */
export function fractions(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
