/**
 * Appending: what one record costs, by how it is handed over and what its acknowledgement means.
 *
 * classic-level (LevelDB) is a sorted store; a log in it is a counter as the key, which its users write and we do
 * here too. "Not synced" is its default and our mode `none`: written to the operating system. "Synced" is its
 * `sync: true` and our mode `batch`. The check reads the end of each store back.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { keyOf, payload, scratchFolder } from './workload.ts';

interface Case {
  readonly name: string;
  readonly bytes: number;
  /** Records of one append, or of one batch. */
  readonly together: number;
  /** Appends under way at a time. */
  readonly callers: number;
  readonly synced: boolean;
}

const callsPerRun = 64;

/** `append` stores records [from, from + together) and resolves when they are acknowledged. */
function contender(
  { together, callers }: Case,
  append: (from: number) => Promise<unknown>,
  rest: { readonly check: (count: number) => Promise<void>; readonly close: () => Promise<void> },
): TimedContender {
  let next = 0;
  const loop = async (calls: number): Promise<void> => {
    for (let i = 0; i < calls; i++) {
      const from = next;
      next += together;
      await append(from);
    }
  };
  return {
    operations: callsPerRun * together,
    run: () => Promise.all(Array.from({ length: callers }, () => loop(callsPerRun / callers))),
    check: () => rest.check(next),
    close: rest.close,
  };
}

export default defineBench<Case>({
  topic: 'append',
  title: 'append',
  rival: 'classic-level',
  kind: 'time',
  cases: [
    { name: '100 B, 100 together, not synced', bytes: 100, together: 100, callers: 1, synced: false },
    { name: '1 KiB, 100 together, not synced', bytes: 1024, together: 100, callers: 1, synced: false },
    { name: '100 B, one by one, not synced', bytes: 100, together: 1, callers: 1, synced: false },
    { name: '100 B, one by one, synced', bytes: 100, together: 1, callers: 1, synced: true },
    { name: '100 B, 64 callers at once, synced', bytes: 100, together: 1, callers: 64, synced: true },
  ],
  contenders: {
    '@loadbearing/commit-log': async (c) => {
      const { Log } = await import('@loadbearing/commit-log');
      const { fileStorage } = await import('@loadbearing/commit-log/node');
      const folder = scratchFolder();
      const log = await Log.open({ storage: fileStorage(folder.path), durability: c.synced ? 'batch' : 'none' });
      const value = payload(c.bytes);
      const records = Array.from({ length: c.together }, () => ({ value }));
      return contender(c, () => log.append(records), {
        check: async (count) => {
          assert.deepEqual(await log.offsets(), { start: 0, end: count });
          for await (const chunk of log.read({ from: count - 1 })) {
            assert.deepEqual(new Uint8Array(chunk[0]?.value ?? []), value);
          }
        },
        close: async () => {
          await log.close();
          folder.remove();
        },
      });
    },
    'classic-level': async (c) => {
      const { ClassicLevel } = await import('classic-level');
      const folder = scratchFolder();
      const db = new ClassicLevel<string, Uint8Array>(folder.path, { valueEncoding: 'view' });
      await db.open();
      const value = payload(c.bytes);
      const sync = c.synced;
      const append =
        c.together === 1
          ? (from: number): Promise<unknown> => db.put(keyOf(from), value, { sync })
          : (from: number): Promise<unknown> =>
              db.batch(
                Array.from({ length: c.together }, (_, i) => ({ type: 'put' as const, key: keyOf(from + i), value })),
                { sync },
              );
      return contender(c, append, {
        check: async (count) => {
          const [last] = await db.keys({ reverse: true, limit: 1 }).all();
          assert.equal(last, keyOf(count - 1));
          assert.deepEqual(new Uint8Array((await db.get(keyOf(count - 1))) ?? []), value);
        },
        close: async () => {
          await db.close();
          folder.remove();
        },
      });
    },
  },
});
