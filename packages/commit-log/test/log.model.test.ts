import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Log, memoryStorage } from '../src/index.ts';
import type { Durability } from '../src/index.ts';
import { readAll, text } from './support.ts';

type Command =
  | { readonly type: 'append'; readonly sizes: readonly number[]; readonly back: number }
  | { readonly type: 'burst'; readonly appends: number }
  | { readonly type: 'delete'; readonly share: number }
  | { readonly type: 'reopen' | 'sync' }
  | { readonly type: 'read'; readonly from: number; readonly to: number }
  | { readonly type: 'time'; readonly back: number }
  | { readonly type: 'commit'; readonly group: string; readonly share: number };

const share = fc.double({ min: 0, max: 1, noNaN: true });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      sizes: fc.array(fc.nat(400), { minLength: 1, maxLength: 5 }),
      back: fc.nat(50),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('burst' as const), appends: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete' as const), share }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('reopen' as const, 'sync' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('read' as const), from: share, to: share }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('time' as const), back: fc.nat(300) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('commit' as const), group: fc.constantFrom('a', 'b'), share }),
  },
);

/** The log as an array: what it must look like from outside. */
interface Model {
  readonly records: { readonly value: string; readonly timestamp: number }[];
  start: number;
  now: number;
  readonly committed: Map<string, number>;
}

async function step(log: Log, model: Model, c: Command): Promise<void> {
  const at = (part: number): number => model.start + Math.floor(part * (model.records.length - model.start));
  switch (c.type) {
    case 'append': {
      const batch = c.sizes.map((size) => ({
        value: `${model.records.length}:${'x'.repeat(size)}`,
        timestamp: (model.now += 10) - c.back,
      }));
      const appended = await log.append(batch);
      expect(appended.baseOffset).toBe(model.records.length);
      model.records.push(...batch);
      break;
    }
    case 'burst': {
      const batch = Array.from({ length: c.appends }, (_, i) => ({ value: `burst ${i}`, timestamp: (model.now += 1) }));
      const offsets = await Promise.all(batch.map(async (record) => (await log.append([record])).baseOffset));
      expect(offsets).toEqual(batch.map((_, i) => model.records.length + i));
      model.records.push(...batch);
      break;
    }
    case 'delete':
      model.start = at(c.share);
      await log.deleteBefore(model.start);
      break;
    case 'sync':
      await log.sync();
      expect(log.stats().durableOffset).toBe(model.records.length);
      break;
    case 'read': {
      const from = at(c.from);
      const to = at(c.to);
      const read = await readAll(log, { from, to, maxBytes: 4096 });
      expect(read.map(({ offset, timestamp, value }) => ({ offset, timestamp, value: text(value) }))).toEqual(
        model.records.slice(from, to).map((record, i) => ({ ...record, offset: from + i })),
      );
      break;
    }
    case 'time': {
      const time = model.now - c.back;
      const found = model.records.findIndex((record, i) => i >= model.start && record.timestamp >= time);
      expect(await log.offsetForTime(time)).toBe(found === -1 ? undefined : found);
      break;
    }
    case 'commit':
      model.committed.set(c.group, at(c.share));
      await log.commit(c.group, at(c.share), 'note');
      break;
    case 'reopen':
      throw new Error('handled by the caller');
  }
  for (const [group, offset] of model.committed) {
    expect(await log.committed(group)).toMatchObject({ offset, metadata: 'note' });
  }
  expect(await log.offsets()).toEqual({ start: model.start, end: model.records.length });
}

test('under any sequence of calls the log is the array it stands for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<Durability>('none', 'interval', 'batch', 'each'),
      fc.array(command, { maxLength: 30 }),
      async (durability, commands) => {
        const storage = memoryStorage();
        const options = { storage, durability, segmentBytes: 4096, maxBatchBytes: 4096, indexIntervalBytes: 512 };
        const model: Model = { records: [], start: 0, now: 1_700_000_000_000, committed: new Map() };
        let log = await Log.open(options);
        for (const c of commands) {
          if (c.type === 'reopen') {
            await log.close();
            log = await Log.open(options);
            expect(log.recovery.clean).toBe(true);
          } else {
            await step(log, model, c);
          }
        }
        await log.close();
      },
    ),
    { numRuns: 150 },
  );
});
