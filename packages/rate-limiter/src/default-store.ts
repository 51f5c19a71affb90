/** Where a limiter keeps its keys unless told: in a table, or in a map if it has a sliding log, which a table cannot hold. */
import type { Limit } from './limits.ts';
import { MapStore } from './map-store.ts';
import type { SyncStore } from './store.ts';
import { TableStore } from './table-store.ts';

export function defaultStore(limits: readonly Limit[]): SyncStore {
  return limits.some(({ algorithm }) => algorithm === 'sliding-log') ? new MapStore() : new TableStore();
}
