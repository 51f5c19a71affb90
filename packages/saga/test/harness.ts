/** A world under a manual clock: engines, a store, and a way to let everything settle without sleeping. */
import { createEngine } from '../src/index.ts';
import type { Engine, EngineEvent, EngineOptions, SagaStore } from '../src/index.ts';
import { memoryStore } from '../src/stores/memory.ts';
import { manualClock } from '../src/testing/manual-clock.ts';
import type { ManualClock } from '../src/testing/manual-clock.ts';

/** Lets promise chains run to their end; one macrotask turn drains all microtasks. */
export async function settle(turns: number = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface World {
  readonly clock: ManualClock;
  readonly store: SagaStore;
  readonly events: EngineEvent[];
  engine(options: Partial<EngineOptions> & Pick<EngineOptions, 'sagas'>): Engine;
  /** Moves the time in steps, letting what follows from each step happen. */
  advance(ms: number, stepMs?: number): Promise<void>;
}

export function world(store?: SagaStore, clock: ManualClock = manualClock()): World {
  const events: EngineEvent[] = [];
  const kept = store ?? memoryStore({ clock });
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return {
    clock,
    store: kept,
    events,
    engine: (options) =>
      createEngine({ store: kept, clock, random, telemetry: { observe: (e) => events.push(e) }, ...options }),
    advance: async (ms, stepMs = ms) => {
      for (let done = 0; done < ms; done += stepMs) {
        clock.advance(Math.min(stepMs, ms - done));
        await settle();
      }
    },
  };
}
