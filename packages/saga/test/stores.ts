/** The stores under test, on a manual clock, each with a way to die and come back. */
import { Log, memoryStorage } from '@loadbearing/commit-log';
import type { SagaStore } from '../src/index.ts';
import { logStore } from '../src/stores/log.ts';
import { memoryStore } from '../src/stores/memory.ts';
import type { ManualClock } from '../src/testing/manual-clock.ts';

export interface StoreUnderTest {
  readonly store: SagaStore;
  /** The process dies; what the store has kept comes back. A memory store has only ended its workers. */
  reopen(): Promise<StoreUnderTest>;
}

export interface StoreKind {
  readonly name: string;
  readonly keeps: boolean;
  readonly open: (clock: ManualClock) => Promise<StoreUnderTest>;
}

const memory: StoreKind = {
  name: 'memory store',
  keeps: false,
  open: async (clock) => {
    const store = memoryStore({ clock });
    const under: StoreUnderTest = { store, reopen: async () => under };
    return under;
  },
};

const log: StoreKind = {
  name: 'log store',
  keeps: true,
  open: async (clock) => {
    const storage = memoryStorage();
    const open = async (): Promise<StoreUnderTest> => {
      const opened = await Log.open({ storage });
      const store = await logStore({ log: opened, clock });
      return {
        store,
        reopen: async () => {
          // Not store.close(): nothing is said to it. Only the storage is let go, which a dead process does too.
          await opened.close();
          return open();
        },
      };
    };
    return open();
  },
};

export const STORES: readonly StoreKind[] = [memory, log];
