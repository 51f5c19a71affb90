/**
 * Reading in order: every record from the first to the last, as a replay does.
 *
 * classic-level is read with `nextv`, its fastest way, a thousand entries at a time; its data was compacted before.
 * The check counts the records and adds up one byte of each.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { keyOf, payload, scratchFolder } from './workload.ts';

interface Case {
  readonly name: string;
  readonly bytes: number;
  readonly records: number;
}

/** `replay` calls back with every value. */
function contender(
  { bytes, records }: Case,
  replay: (visit: (value: Uint8Array) => void) => Promise<void>,
  close: () => Promise<void>,
): TimedContender {
  let seen = 0;
  let sum = 0;
  let runs = 0;
  const last = bytes - 1;
  const expected = payload(bytes)[last] as number;
  return {
    operations: records,
    run: async () => {
      runs++;
      await replay((value) => {
        seen++;
        sum += value[last] as number;
      });
      return sum;
    },
    check: () => assert.deepEqual([seen, sum], [runs * records, runs * records * expected]),
    close,
  };
}

export default defineBench<Case>({
  topic: 'read',
  title: 'read in order',
  rival: 'classic-level',
  kind: 'time',
  cases: [
    { name: '100 B', bytes: 100, records: 50_000 },
    { name: '1 KiB', bytes: 1024, records: 20_000 },
  ],
  contenders: {
    '@loadbearing/commit-log': async (c) => {
      const { Log } = await import('@loadbearing/commit-log');
      const { fileStorage } = await import('@loadbearing/commit-log/node');
      const folder = scratchFolder();
      const log = await Log.open({ storage: fileStorage(folder.path), durability: 'none' });
      const value = payload(c.bytes);
      for (let at = 0; at < c.records; at += 100) await log.append(Array.from({ length: 100 }, () => ({ value })));
      return contender(
        c,
        async (visit) => {
          for await (const chunk of log.read({ from: 'start' })) {
            for (const record of chunk) visit(record.value as Uint8Array);
          }
        },
        async () => {
          await log.close();
          folder.remove();
        },
      );
    },
    'classic-level': async (c) => {
      const { ClassicLevel } = await import('classic-level');
      const folder = scratchFolder();
      const db = new ClassicLevel<string, Uint8Array>(folder.path, { valueEncoding: 'view' });
      await db.open();
      const value = payload(c.bytes);
      for (let at = 0; at < c.records; at += 100) {
        await db.batch(Array.from({ length: 100 }, (_, i) => ({ type: 'put' as const, key: keyOf(at + i), value })));
      }
      await db.compactRange('0', '9');
      return contender(
        c,
        async (visit) => {
          const values = db.values();
          for (let some = await values.nextv(1000); some.length > 0; some = await values.nextv(1000)) {
            for (const one of some) visit(one);
          }
          await values.close();
        },
        async () => {
          await db.close();
          folder.remove();
        },
      );
    },
  },
});
