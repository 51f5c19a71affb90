/** A store in SQLite, shared by the processes of one machine. */
export { sqliteStore } from './sqlite-store.ts';
export type { SqliteLike, SqliteStatement, SqliteStore, SqliteStoreOptions } from './sqlite-store.ts';
