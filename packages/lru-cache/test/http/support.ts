/** Clocks and origins for the tests of the HTTP caches. */
import type { HeaderList, StoredResponse } from '../../src/http/types.ts';
import type { Timers } from '../../src/types.ts';

/** A Sunday, at a full second, as dates of HTTP are. */
export const T0: number = Date.UTC(2026, 1, 1, 12, 0, 0);

export const httpDate = (ms: number): string => new Date(ms).toUTCString();

export interface ManualClock {
  now(): number;
  /** Milliseconds since the epoch. */
  at: number;
  pass(seconds: number): void;
}

export function manualClock(): ManualClock {
  return {
    at: T0,
    now() {
      return this.at;
    },
    pass(seconds) {
      this.at += 1000 * seconds;
    },
  };
}

export interface ManualTimers extends Timers {
  readonly waiting: Map<object, { run: () => void; delayMs: number }>;
  fire(): void;
}

export function manualTimers(): ManualTimers {
  const waiting = new Map<object, { run: () => void; delayMs: number }>();
  return {
    waiting,
    set(run, delayMs) {
      const handle = {};
      waiting.set(handle, { run, delayMs });
      return handle;
    },
    clear(handle) {
      waiting.delete(handle as object);
    },
    fire() {
      for (const [handle, { run }] of [...waiting]) {
        waiting.delete(handle);
        run();
      }
    },
  };
}

export function list(fields: Readonly<Record<string, string>>): HeaderList {
  return Object.entries(fields);
}

/** A 200 stored at T0, asked for at the same instant and dated then, unless told otherwise. */
export function stored(
  fields: Readonly<Record<string, string>> = {},
  more: Partial<StoredResponse> = {},
): StoredResponse {
  return {
    status: 200,
    headers: list({ date: httpDate(T0), ...fields }),
    body: new Uint8Array(0),
    requestHeaders: [],
    requestTime: T0,
    responseTime: T0,
    ...more,
  };
}

/** Lets everything that is ready run: promises, and the steps of streams. */
export async function settle(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
