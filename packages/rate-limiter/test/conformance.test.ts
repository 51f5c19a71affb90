import { describe, expect, it } from 'vitest';
import { MapStore } from '../src/index.ts';
import type { BoundAsyncStore, BoundSyncStore, StoreSpec } from '../src/store.ts';
import { conformance, ConformanceError, type ConformanceReport } from '../src/testing/index.ts';
import { emptyOutcome, type Outcome } from '../src/transition.ts';

const nightly = process.env['NIGHTLY'] === '1';
const mapStore = (spec: StoreSpec): BoundSyncStore => new MapStore().bind(spec);

/** A store elsewhere that answers a little later, and whose answers pass through `alter`. */
const remote =
  (alter: (out: Outcome) => void = () => undefined) =>
  (spec: StoreSpec): BoundAsyncStore => {
    const inner = mapStore(spec);
    return {
      async apply(key, op, cost, arg) {
        const out = { ...emptyOutcome(), nowMs: spec.clock() };
        inner.apply(key, op, cost, arg, out.nowMs, out);
        await Promise.resolve();
        alter(out);
        return out;
      },
      reset: async (key) => inner.reset(key),
    };
  };

describe('conformance', () => {
  it('accepts MapStore, whose takes on the hot path it asks too', async () => {
    const report = await conformance({ bind: mapStore, stepsBack: false, rounds: nightly ? 8000 : 300, seed: 7 });
    expect(report.operations).toBeGreaterThan(nightly ? 1_000_000 : 20_000);
    expect(Math.min(report.accepted, report.refused, report.promised)).toBeGreaterThan(200);
  });

  it('accepts a store elsewhere, with what is asked at once for one key applied in order', async () => {
    await conformance({ bind: remote(), stepsBack: false });
  });

  it('draws the same trace for the same seed, whatever the store, and another for another', async () => {
    const draw = (bind: typeof mapStore | ReturnType<typeof remote>, seed: number): Promise<ConformanceReport> =>
      conformance({ bind, seed, rounds: 5, stepsBack: false });
    expect(await draw(remote(), 3)).toEqual(await draw(mapStore, 3));
    expect(await draw(remote(), 3)).not.toEqual(await draw(remote(), 4));
  });

  it.each(['ok', 'index', 'remaining', 'retryAfterMs', 'resetAfterMs', 'startMs', 'charged', 'nowMs'])(
    'finds a wrong %s, and says where',
    async (field) => {
      let calls = 0;
      const bind = remote((out) => {
        const record = out as unknown as Record<string, unknown>;
        if (++calls === 100) record[field] = field === 'ok' ? !out.ok : Number(record[field]) + 1;
      });
      const failure = await conformance({ bind, stepsBack: false }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ConformanceError);
      expect((failure as Error).message).toMatch(new RegExp(`^seed 1, round \\d+, turn \\d+, .* ${field} is `));
    },
  );

  it('finds an answer without a field, and a reset that does nothing', async () => {
    const without = remote((out) => delete (out as Partial<Outcome>).charged);
    await expect(conformance({ bind: without, stepsBack: false })).rejects.toThrow('charged is undefined');
    const keeps = (spec: StoreSpec): BoundSyncStore => Object.assign(mapStore(spec), { reset: () => undefined });
    await expect(conformance({ bind: keeps, stepsBack: false })).rejects.toThrow(ConformanceError);
  });

  it('asks for no key twice at once, no algorithm and no step back that it was not told to', async () => {
    const backwards: number[] = [];
    const bind = (spec: StoreSpec): BoundAsyncStore => {
      expect(spec.limits.every(({ algorithm }) => algorithm === 'gcra')).toBe(true);
      const inner = remote()(spec);
      const busy = new Set<string>();
      let lastMs = 0;
      return {
        reset: (key) => inner.reset(key),
        async apply(key, op, cost, arg) {
          expect(busy.has(key)).toBe(false);
          busy.add(key);
          if (spec.clock() < lastMs) backwards.push(lastMs);
          lastMs = spec.clock();
          const out = await inner.apply(key, op, cost, arg);
          busy.delete(key);
          return out;
        },
      };
    };
    await conformance({ bind, stepsBack: false, repeatsKeys: false, algorithms: ['gcra'] });
    expect(backwards).toEqual([]);
  });
});
