/** SQLite, for tests: node:sqlite, where this Node has it (22.13 and later). */
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { SqliteLike } from '../../src/sqlite/index.ts';

export interface Database extends SqliteLike {
  close(): void;
}
type Sqlite = { readonly DatabaseSync: new (path: string) => Database };

const builtin = process as { getBuiltinModule?: (name: string) => unknown };
const sqlite = builtin.getBuiltinModule?.('node:sqlite') as Sqlite | undefined;

/** Says in one line that it is missing. A newer Node has it: `pnpm node-matrix --only 22`. */
export function hasSqlite(): boolean {
  if (sqlite !== undefined) return true;
  // Past the reporter, which may keep to itself what a test prints.
  writeSync(
    2,
    `skipped: Node ${process.version} has no node:sqlite; pnpm node-matrix runs these tests on one that has\n`,
  );
  return false;
}

/** The file needs a folder of its own: SQLite puts two more beside it. */
export function temporaryFile(): { file: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'sqlite-test-'));
  return { file: path.join(folder, 'limits.db'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export const open = (file: string = ':memory:'): Database => new sqlite!.DatabaseSync(file);
