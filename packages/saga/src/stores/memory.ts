/**
 * The memory store: runs in a Map, gone with the process.
 *
 * For tests, for development, and for sagas that need not outlive their process. It is the run table with a clock,
 * and behaves like every other store: two engines on one memory store are two workers, with leases and takeovers.
 */
import { SagaError } from '../errors.ts';
import type { Append, Mail, NewRun, RunQuery, SagaStore } from '../store.ts';
import { systemClock } from '../system.ts';
import type { Clock } from '../system.ts';
import { Hints, worthATell } from './hints.ts';
import { RunTable } from './run-table.ts';
import type { Answer } from './run-table.ts';

/**
 * @param options.clock default: the system's
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { memoryStore } from '@loadbearing/saga/stores/memory';
 * const store = memoryStore();
 * await store.create([{ id: 'r1', kind: 'k', worker: null, body: '[]' }]);
 * assert.equal((await store.load(['r1']))[0]?.status, 'open');
 * ```
 */
export function memoryStore(options: { readonly clock?: Clock } = {}): SagaStore {
  const clock = options.clock ?? systemClock;
  const table = new RunTable();
  const hints = new Hints();
  let closed = false;
  const now = (): number => Math.max(table.lastMs, clock.now());

  const call = async <T>(work: (nowMs: number) => T): Promise<T> => {
    if (closed) throw new SagaError('SAGA_CLOSED', 'the store is closed');
    return work(now());
  };
  const write = <T>(work: (nowMs: number) => Answer<T>): Promise<T> =>
    call((nowMs) => {
      const { answer, facts } = work(nowMs);
      hints.tell(worthATell(facts));
      return answer;
    });

  return {
    durability: 'memory',
    batchMax: 1000,
    writersMax: 1,
    create: (batch: readonly NewRun[]) => write((nowMs) => table.create(batch, nowMs)),
    append: (batch: readonly Append[]) => write((nowMs) => table.append(batch, nowMs)),
    claim: (o) => write((nowMs) => table.claim(o, nowMs)),
    renew: (worker, leaseMs) => call((nowMs) => ({ nowMs, ...table.renew(worker, leaseMs, nowMs) })),
    retire: (worker) => write((nowMs) => table.retire(worker, nowMs)),
    send: (batch: readonly Mail[]) => write((nowMs) => table.send(batch, nowMs)),
    load: (ids) => call(() => table.load(ids)),
    list: (query: RunQuery) => call((nowMs) => table.list(query, nowMs)),
    prune: (endedBeforeMs, limit) => write(() => table.prune(endedBeforeMs, limit)),
    watch: (onHint) => hints.watch(onHint),
    close: async () => {
      closed = true;
    },
  };
}
