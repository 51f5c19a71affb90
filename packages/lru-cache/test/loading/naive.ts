/**
 * What everybody writes first: look, load, put. The laws must catch it, or they catch nothing.
 */
import type { Options, ReadThrough } from './world.ts';

export function naiveReadThrough({ load }: Options): ReadThrough {
  const held = new Map<string, number>();
  let running = 0;
  const read = async (key: string, signal: AbortSignal): Promise<number | undefined> => {
    const known = held.get(key);
    if (known !== undefined) return known;
    running++;
    try {
      const value = await load(key, { signal, stale: undefined, setTtl: () => undefined });
      if (value !== undefined) held.set(key, value);
      return value;
    } finally {
      running--;
    }
  };
  return {
    fetch: (key, { signal = new AbortController().signal } = {}) =>
      Promise.race([
        read(key, signal),
        new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      ]),
    set: (key, value) => held.set(key, value),
    delete: (key) => held.delete(key),
    clear: () => held.clear(),
    peek: (key) => held.get(key),
    get size() {
      return 0;
    },
    get loadsInFlight() {
      return running;
    },
  };
}
