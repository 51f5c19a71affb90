import type { Log, LogRecord, ReadOptions } from '../src/index.ts';

const decoder = new TextDecoder();

export const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : decoder.decode(bytes));

/** All records that `read` gives, copied out of their chunks. */
export async function readAll(log: Pick<Log, 'read'>, options: ReadOptions = { from: 'start' }): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const chunk of log.read(options)) records.push(...chunk);
  return records;
}

export const values = async (log: Pick<Log, 'read'>, options?: ReadOptions): Promise<(string | null)[]> =>
  (await readAll(log, options)).map(({ value }) => text(value));

/** A promise that is settled by hand. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Lets everything that is already resolved go on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
