import { describe, expect, it } from 'vitest';
import { Source } from '../../src/tiered/source.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('the gate before the source', () => {
  it('an abort during a load gives back no place before the load has ended', async () => {
    const source = new Source({
      maxConcurrentLoads: 1,
      maxQueuedLoads: 1,
      timeoutMs: undefined,
      timers: { set: () => undefined, clear: () => undefined },
    });
    let end = (): void => undefined;
    const aborter = new AbortController();
    const first = source.load(() => new Promise<string>((resolve) => (end = () => resolve('first'))), aborter.signal);
    const second = source.load(() => 'second', new AbortController().signal);
    aborter.abort(new Error('nobody waits'));
    await settle();
    expect(source.loads).toBe(1);
    end();
    expect(await first).toBe('first');
    expect(await second).toBe('second');
    expect(source.loads).toBe(2);
  });
});
