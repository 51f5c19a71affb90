/**
 * A bus within this process: every subscriber hears every message before `publish` returns.
 */
import type { Invalidation, InvalidationBus } from './remote-tier.ts';

/** A bus within this process. `publish` is O(subscribers) and passes on what a subscriber throws, after all have heard. */
export function memoryBus(): InvalidationBus {
  const subscribers = new Set<{ hear: (message: Invalidation) => void }>();
  return {
    async publish(message) {
      const failures: unknown[] = [];
      for (const { hear } of [...subscribers]) {
        try {
          hear(message);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
    subscribe(on) {
      // An object of its own: the same function may subscribe twice.
      const subscriber = { hear: on };
      subscribers.add(subscriber);
      return () => void subscribers.delete(subscriber);
    },
  };
}
