import { describe, expect, it } from 'vitest';
import { LoadingCache } from '../../src/index.ts';
import { Gate } from '../../src/loading/gate.ts';

describe('Gate', () => {
  it('serves in order and passes over those who left', () => {
    const gate = new Gate(1, 2);
    const log: string[] = [];
    const [b, c] = [(): unknown => log.push('b'), (): unknown => log.push('c')] as [() => void, () => void];
    gate.enter(() => log.push('a'));
    gate.enter(b);
    gate.enter(c);
    gate.cancel(b);
    gate.leave();
    expect(log).toEqual(['a', 'c']);
  });

  it('gives a place to whoever has waited longest', () => {
    const gate = new Gate(1, 3);
    const log: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) gate.enter(() => log.push(name));
    gate.leave();
    gate.leave();
    expect(log).toEqual(['a', 'b', 'c']);
    expect(gate.enter(() => undefined)).toBe(true);
  });

  it('never starts a load whose only caller left the queue', async () => {
    const started: string[] = [];
    let open = (): void => undefined;
    const cache = new LoadingCache<string, number>({
      max: 5,
      maxConcurrentLoads: 1,
      load: (key) => {
        started.push(key);
        return new Promise((resolve) => (open = (): void => resolve(1)));
      },
    });
    const a = cache.fetch('a');
    const leaver = new AbortController();
    const b = cache.fetch('b', { signal: leaver.signal });
    leaver.abort(new Error('left'));
    await expect(b).rejects.toThrow('left');
    open();
    expect(await a).toBe(1);
    expect(started).toEqual(['a']);
    expect(cache.loadsInFlight).toBe(0);
  });
});
