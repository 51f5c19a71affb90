/** Power loss and process death at any operation: what comes back is a prefix that holds all that was promised. */
import { expect, test } from 'vitest';

import { Log } from '../src/index.ts';
import type { Durability, LogOptions } from '../src/index.ts';
import { seeded, SimStorage } from './sim-storage.ts';
import { readAll, text } from './support.ts';

interface Promised {
  /** All values, in the order they were submitted: the offset of a value is its place here. */
  readonly submitted: string[];
  /** Every record below was acknowledged: the death of the process must not take it. */
  acknowledged: number;
  /** Every record below was acknowledged after a sync: the death of the machine must not take it. */
  durable: number;
  /** The start that was acknowledged, and the one that was asked for. */
  start: number;
  startWanted: number;
}

class PowerOff extends Error {}

/** Lets `operations` happen and then nothing any more. */
function powerOffAfter(storage: SimStorage, operations: number, random: () => number): void {
  let left = operations;
  storage.machine.before = () => {
    if (left-- <= 0) throw new PowerOff();
  };
  let torn = false;
  storage.machine.tear = (bytes) => {
    // Only the write that the power went off in; what comes later never begins.
    if (torn) return 0;
    torn = true;
    return Math.floor(random() * (bytes + 1));
  };
}

async function work(log: Log, promised: Promised, durability: Durability, random: () => number): Promise<void> {
  for (let round = 0; round < 12; round++) {
    const choice = random();
    if (choice < 0.8) {
      await Promise.all(
        Array.from({ length: 1 + Math.floor(random() * 4) }, async () => {
          const count = 1 + Math.floor(random() * 3);
          const batch = Array.from({ length: count }, () => {
            const value = `${promised.submitted.length}`.padEnd(Math.floor(random() * 700), '.');
            promised.submitted.push(value);
            return { value };
          });
          const end = promised.submitted.length;
          const { lastOffset, durable } = await log.append(batch);
          expect(lastOffset).toBe(end - 1);
          expect(durable).toBe(durability === 'batch' || durability === 'each');
          promised.acknowledged = Math.max(promised.acknowledged, end);
          if (durable) promised.durable = promised.acknowledged;
        }),
      );
    } else if (choice < 0.9) {
      const { start, end } = await log.offsets();
      promised.startWanted = Math.max(start, Math.min(end, start + Math.floor(random() * 20)));
      await log.deleteBefore(promised.startWanted);
      promised.start = promised.startWanted;
    } else {
      await log.sync();
      promised.durable = promised.acknowledged;
    }
  }
  await log.close();
}

async function check(log: Log, promised: Promised): Promise<void> {
  const { start, end } = await log.offsets();
  expect(start === promised.start || start === promised.startWanted).toBe(true);
  expect(end).toBeLessThanOrEqual(promised.submitted.length);
  expect(end).toBeGreaterThanOrEqual(promised.acknowledged);
  const records = await readAll(log);
  expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: end - start }, (_, i) => start + i));
  expect(records.map(({ value }) => text(value))).toEqual(promised.submitted.slice(start, end));
}

async function run(seed: number): Promise<void> {
  const random = seeded(seed);
  const durability = (['batch', 'each', 'none', 'interval'] as const)[seed % 4]!;
  const options: Omit<LogOptions, 'storage'> = {
    durability,
    segmentBytes: 4096,
    maxBatchBytes: 4096,
    indexIntervalBytes: 512,
    clock: { now: () => 1_700_000_000_000, schedule: () => () => undefined },
  };
  const promised: Promised = { submitted: [], acknowledged: 0, durable: 0, start: 0, startWanted: 0 };
  let storage = new SimStorage();
  for (let life = 0; life < 4; life++) {
    powerOffAfter(storage, Math.floor(random() ** 2 * 160), random);
    const powerLoss = random() < 0.7;
    try {
      const log = await Log.open({ ...options, storage });
      await check(log, promised);
      // What a crash took is gone for good, and its offsets are given again.
      promised.submitted.length = (await log.offsets()).end;
      promised.acknowledged = promised.durable = promised.submitted.length;
      promised.start = promised.startWanted = (await log.offsets()).start;
      await work(log, promised, durability, random);
    } catch (error) {
      const cause = (error as { cause?: unknown }).cause;
      if (!(error instanceof PowerOff || cause instanceof PowerOff)) throw error;
    }
    storage = powerLoss ? storage.crash(random) : storage.kill();
    if (powerLoss) promised.acknowledged = promised.durable;
    // The last life is always looked at with the power on.
    if (life === 3) {
      const log = await Log.open({ ...options, storage });
      await check(log, promised);
      await log.append([{ value: 'goes on' }]);
      expect(text((await readAll(log)).at(-1)!.value)).toBe('goes on');
      await log.close();
    }
  }
}

test('after any crash the log is a prefix of what was submitted and holds all that was acknowledged', async () => {
  for (let seed = 0; seed < 800; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
});
