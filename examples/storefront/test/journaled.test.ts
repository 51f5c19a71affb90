/** A machine that survives `kill -9`: what it remembers, when it may be believed, and when it stops. */
import { readdir } from 'node:fs/promises';
import { Log } from '@loadbearing/commit-log';
import { fileStorage } from '@loadbearing/commit-log/node';
import { describe, expect, test } from 'vitest';
import { Journaled, type Machine } from '../src/journaled.ts';
import { newDir, until } from './support.ts';

interface Tally {
  sum: number;
  readonly notes: string[];
}
type Entry = { readonly add: number } | { readonly note: string };

const machine: Machine<Tally, Entry> = {
  initial: () => ({ sum: 0, notes: [] }),
  apply: (tally, entry) => {
    if ('add' in entry) tally.sum += entry.add;
    else tally.notes.push(entry.note);
  },
  dump: (tally) => tally,
  restore: (dumped: Tally) => ({ ...dumped }),
};

/** Larger than any append may be: the log refuses it. */
const tooLarge: Entry = { note: 'x'.repeat(17 * 2 ** 20) };

async function write(dir: string, values: readonly unknown[]): Promise<void> {
  const log = await Log.open({ storage: fileStorage(dir) });
  for (const value of values) await log.append([{ value: JSON.stringify(value) }]);
  await log.close();
}

const range = async (dir: string): Promise<{ start: number; end: number }> => {
  const log = await Log.open({ storage: fileStorage(dir) });
  const { start, end } = log.stats();
  await log.close();
  return { start, end };
};

describe('opening', () => {
  test('a folder that was not there is a new machine in its first state', async () => {
    const tally = await Journaled.open(`${await newDir()}/deep/below`, machine);
    expect(tally.isNew).toBe(true);
    expect(tally.state).toEqual({ sum: 0, notes: [] });
    await tally.record([{ add: 1 }]);
    expect(tally.isNew).toBe(true);
    await tally.close();
  });

  test('gives the state that was closed, and says that it was closed', async () => {
    const dir = await newDir();
    const before = await Journaled.open(dir, machine);
    await before.record([{ add: 2 }, { note: 'a' }]);
    await before.record([{ add: 40 }]);
    await before.close();
    const after = await Journaled.open(dir, machine);
    expect(after.state).toEqual({ sum: 42, notes: ['a'] });
    expect([after.isNew, after.closedInOrder]).toEqual([false, true]);
    await after.close();
  });

  test('is refused while another has the folder', async () => {
    const dir = await newDir();
    const first = await Journaled.open(dir, machine);
    await expect(Journaled.open(dir, machine)).rejects.toMatchObject({ code: 'LOG_LOCKED', pid: process.pid });
    await first.close();
  });

  test('that fails in the fold gives the folder back', async () => {
    const dir = await newDir();
    await write(dir, [{ event: { add: 1 } }]);
    const broken: Machine<Tally, Entry> = {
      ...machine,
      apply: () => {
        throw new Error('no such event');
      },
    };
    await expect(Journaled.open(dir, broken)).rejects.toThrow('no such event');
    const tally = await Journaled.open(dir, machine);
    expect(tally.state.sum).toBe(1);
    await tally.close();
  });
});

describe('snapshots', () => {
  test('replace the history before them, and the state does not notice', async () => {
    const dir = await newDir();
    const before = await Journaled.open(dir, machine, { snapshotEvery: 10 });
    for (let i = 1; i <= 95; i++) await before.record([{ add: i }]);
    await before.close();
    const { start, end } = await range(dir);
    expect(end).toBeGreaterThan(95);
    expect(end - start).toBeLessThan(25);
    const after = await Journaled.open(dir, machine, { snapshotEvery: 10 });
    expect(after.state.sum).toBe((95 * 96) / 2);
    await after.record([{ add: 1 }]);
    await after.close();
    const again = await Journaled.open(dir, machine);
    expect(again.state.sum).toBe((95 * 96) / 2 + 1);
    await again.close();
  });

  test('a kill between a snapshot and the deletion counts nothing twice', async () => {
    const dir = await newDir();
    const events = [{ event: { add: 20 } }, { event: { note: 'a' } }, { event: { add: 22 } }];
    await write(dir, [...events, { snapshot: { sum: 42, notes: ['a'] } }, { event: { add: 8 } }]);
    const tally = await Journaled.open(dir, machine);
    expect(tally.state).toEqual({ sum: 50, notes: ['a'] });
    await tally.close();
  });

  test('one that is too large to be stored stops nothing and loses nothing', async () => {
    const dir = await newDir();
    const failures: Error[] = [];
    const bulky: Machine<Tally, Entry> = { ...machine, dump: () => tooLarge };
    const options = { snapshotEvery: 3, onFailure: (error: Error) => failures.push(error) };
    const before = await Journaled.open(dir, bulky, options);
    for (let i = 0; i < 10; i++) await before.record([{ add: 1 }]);
    await before.close();
    expect(failures).toEqual([]);
    const after = await Journaled.open(dir, machine);
    expect(after.state.sum).toBe(10);
    await after.close();
  });

  test('are made once at a time, however many events come meanwhile', async () => {
    const dir = await newDir();
    const before = await Journaled.open(dir, machine, { snapshotEvery: 5 });
    await Promise.all(Array.from({ length: 200 }, () => before.record([{ add: 1 }])));
    await before.close();
    const after = await Journaled.open(dir, machine);
    expect(after.state.sum).toBe(200);
    await after.close();
    expect((await readdir(dir)).length).toBeGreaterThan(0);
  });
});

describe('an answer', () => {
  test('sees every event that was handed over before it, and waits until those are durable', async () => {
    const dir = await newDir();
    const tally = await Journaled.open(dir, machine);
    const answered: string[] = [];
    const writing = tally.record([{ add: 7 }]).then(() => answered.push('written'));
    expect(tally.state.sum).toBe(7);
    const looking = tally.record([]).then(() => answered.push('looked'));
    await Promise.all([looking, writing]);
    expect(answered).toEqual(['written', 'looked']);
    await tally.close();
  });

  test('without events is given at once when nothing is under way', async () => {
    const tally = await Journaled.open(await newDir(), machine);
    await tally.record([]);
    await tally.close();
  });
});

describe('an append that fails', () => {
  test('stops the machine for good, says so once, and fails those who waited behind it', async () => {
    const dir = await newDir();
    const failures: Error[] = [];
    const tally = await Journaled.open(dir, machine, { onFailure: (error) => failures.push(error) });
    await tally.record([{ add: 1 }]);
    const failing = tally.record([tooLarge]);
    const waiting = tally.record([]);
    await expect(failing).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    await expect(waiting).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    await expect(tally.record([{ add: 1 }])).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    await expect(tally.record([])).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    await until('the failure was told', () => failures.length > 0);
    expect(failures).toHaveLength(1);
    await tally.close();
    const after = await Journaled.open(dir, machine);
    expect(after.state).toEqual({ sum: 1, notes: [] });
    await after.close();
  });
});
