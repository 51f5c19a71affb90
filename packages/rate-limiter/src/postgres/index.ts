/** A store in PostgreSQL, shared exactly by any number of processes. */
export { postgresStore } from './postgres-store.ts';
export type { PostgresQuery, PostgresStore, PostgresStoreOptions } from './postgres-store.ts';
