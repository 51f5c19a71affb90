/** A cache whose loads are settled by hand, whose time is a variable and whose timers fire when told. */
import { LoadingCache, type LoadingCacheOptions } from '../../src/index.ts';

export interface Call {
  readonly key: string;
  readonly stale: number | undefined;
  readonly resolve: (value: number | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly setTtl: (ttl: number) => void;
  readonly signal: () => AbortSignal;
}

export interface ByHand {
  readonly cache: LoadingCache<string, number>;
  readonly calls: Call[];
  readonly time: { now: number };
  readonly armed: Map<() => void, number>;
  /** Fires every timer of this delay. */
  readonly fire: (delayMs: number) => void;
}

export function byHand(options: Partial<LoadingCacheOptions<string, number>> = {}): ByHand {
  const calls: Call[] = [];
  const time = { now: 0 };
  const armed = new Map<() => void, number>();
  const cache = new LoadingCache<string, number>({
    max: 10,
    clock: { now: () => time.now },
    timers: {
      set: (run, delayMs) => (armed.set(run, delayMs), run),
      clear: (handle) => void armed.delete(handle as () => void),
    },
    load: (key, context) =>
      new Promise((resolve, reject) => {
        const { stale, setTtl } = context;
        calls.push({ key, stale, resolve, reject, setTtl, signal: () => context.signal });
      }),
    ...options,
  });
  const fire = (delayMs: number): void => {
    for (const [run, delay] of [...armed]) {
      if (delay !== delayMs) continue;
      armed.delete(run);
      run();
    }
  };
  return { cache, calls, time, armed, fire };
}

/** Until every reaction to what has happened has run. */
export const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
