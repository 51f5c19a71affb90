import { describe, expect, it } from 'vitest';
import { quick, sample } from '../src/measure.ts';

const callTakes1000 = async (run: () => unknown): Promise<number> => {
  await run();
  return 1000;
};

describe('a sample', () => {
  it('is the time of a call divided by the operations of a call', async () => {
    expect(await sample('time', { operations: 10, run: () => 1 }, quick, callTakes1000)).toBe(100);
  });
  it('is taken before the check, which sees what was measured, and before closing', async () => {
    const seen: string[] = [];
    const note = (what: string) => async () => seen.push(what);
    const contender = { operations: 1, run: note('run'), check: note('check'), close: note('close') };
    await sample('time', contender, quick, callTakes1000);
    expect(seen).toEqual(['run', 'check', 'close']);
  });
  it('waits for what an asynchronous call does', async () => {
    let running = 0;
    let together = 0;
    const run = async (): Promise<void> => {
      together = Math.max(together, ++running);
      await new Promise(setImmediate);
      running--;
    };
    await sample('time', { operations: 1, run }, { warmupMs: 0, measureMs: 1, samplesMin: 3 });
    expect({ together, running }).toEqual({ together: 1, running: 0 });
  });
  it.each([0, -1, 1.5, Number.NaN])('refuses %d operations', async (operations) => {
    await expect(sample('time', { operations, run: () => 1 }, quick, callTakes1000)).rejects.toThrow(/operations must/);
  });
  it('refuses a value that is no number', async () => {
    await expect(sample('value', { value: Number.NaN }, quick)).rejects.toThrow(/finite/);
  });
  it.each([
    [
      'throws',
      (): never => {
        throw new Error('it did not evict');
      },
    ],
    ['rejects', () => Promise.reject(new Error('it did not evict'))],
  ])('fails with the error of a check that %s', async (_, check) => {
    await expect(sample('time', { operations: 1, run: () => 1, check }, quick, callTakes1000)).rejects.toThrow('evict');
  });
});
