/** The mover, undisturbed or among clients. Its failures are in migrate-failures.test.ts, random schedules in migrate.model.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FENCED, initSlotMap, memoryShard, memorySlotMapStore, setGoal, slotMover } from '../src/migrate/index.ts';
import type { MoverStep, Shard } from '../src/migrate/index.ts';
import { loadSlotMap, readDocument } from '../src/migrate/document.ts';
import { plan } from '../src/plan.ts';
import { slots } from '../src/slots.ts';
import { contents, disturbed, expected, goalOf, IDS, stored, world } from './migrate/shards.ts';
import type { AnyShard } from './migrate/shards.ts';

const RUNS = process.env['NIGHTLY'] === '1' ? 5000 : 100;

describe('a mover', () => {
  it('takes every row to the owner that the plan gives it, leaves none behind, and ends with the goal', async () => {
    const ids = fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1 });
    const sizes = fc.record({
      count: fc.integer({ min: 4, max: 20 }),
      rowCount: fc.nat(60),
      batchSlots: fc.integer({ min: 1, max: 5 }),
      pageSize: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(ids, ids, sizes, async (from, to, { count, rowCount, batchSlots, pageSize }) => {
        const made = await world(from, count, rowCount);
        const moves = plan(slots(from, { count }), goalOf(to));
        const before = await stored(made.store);
        await setGoal(made.store, goalOf(to));
        const { moved, entries } = await slotMover({ ...made, batchSlots, pageSize }).run();
        const after = await stored(made.store);
        const movedSlots = new Set(moves.map(({ slot }) => slot));
        const real = slots(IDS, { count });
        expect(moved).toBe(moves.length);
        expect(entries).toBe([...made.rows.keys()].filter((key) => movedSlots.has(real.slotOf(key))).length);
        expect(after.goal).toBeNull();
        expect(after.garbage).toEqual([]);
        expect(after.slots.nodes.map(({ id }) => id)).toEqual([...to].sort());
        expect(after.epoch).toBeGreaterThan(before.epoch);
        const target = readDocument(after, []).slots;
        const was = readDocument(before, []).slots;
        const wanted = new Map(moves.map((move) => [move.slot, move.to]));
        for (let slot = 0; slot < count; slot++) {
          expect(target.owner(slot).id).toBe(wanted.get(slot) ?? was.owner(slot).id);
        }
        expect(await contents(made, count)).toEqual(await expected(made, made.rows));
      }),
      { numRuns: RUNS },
    );
  });

  it('without a goal, touches nothing', async () => {
    const made = await world(['a', 'b'], 8, 10);
    const before = await stored(made.store);
    const shard = (): never => {
      throw new Error('a shard was asked');
    };
    expect(await slotMover({ store: made.store, shard }).run()).toEqual({ moved: 0, entries: 0 });
    expect(await made.store.load()).toEqual(before);
  });

  it('keeps weights and zones of the goal in the map', async () => {
    const made = await world(['a', 'b'], 12, 30);
    await setGoal(made.store, [{ id: 'a', weight: 2, zone: 'x' }, { id: 'b' }]);
    expect((await slotMover(made).run()).moved).toBe(2);
    expect((await stored(made.store)).slots.nodes).toEqual([
      { id: 'a', weight: 2, zone: 'x' },
      { id: 'b', weight: 1 },
    ]);
  });

  it('tells its steps in order, each with its slots and an epoch that never falls', async () => {
    const made = await world(['a', 'b'], 9, 20);
    await setGoal(made.store, goalOf(['a', 'b', 'c']));
    const steps: MoverStep[] = [];
    await slotMover({ ...made, batchSlots: 2, onStep: (step) => steps.push(step) }).run();
    const kinds = steps.map(({ kind }) => kind).join(' ');
    expect(kinds).toBe('claim copy freeze switch claim clean copy freeze switch clean');
    expect(steps[3]!.slots).toEqual(steps[0]!.slots);
    expect(steps[5]!.slots).toEqual(steps[3]!.slots);
    expect(steps.map(({ epoch }) => epoch)).toEqual([3, 3, 3, 4, 5, 5, 5, 5, 6, 7]);
    expect((await stored(made.store)).epoch).toBe(8);
  });

  it('carries over what clients write, change and delete behind its back', async () => {
    const made = await world(['a'], 4, 40);
    const rows = new Map(made.rows);
    await setGoal(made.store, goalOf(['b']));
    const real = slots(IDS, { count: 4 });
    const a = made.shards.get('a')!;
    // The last moment at which clients may write: everything is copied, nothing frozen.
    const answers: Promise<unknown>[] = [];
    const onStep = ({ kind, epoch }: MoverStep): void => {
      if (kind !== 'freeze') return;
      for (const [i, key] of [...rows.keys()].entries()) {
        if (i % 3 === 0) rows.delete(key);
        if (i % 3 === 1) rows.set(key, 'changed');
        if (i % 3 === 0) answers.push(a.delete(real.slotOf(key), epoch, key));
      }
      for (let i = 0; i < 10; i++) rows.set(`new ${String(i)}`, 'new');
      for (const [key, value] of rows) answers.push(a.set(real.slotOf(key), epoch, key, value));
    };
    await slotMover({ ...made, pageSize: 3, onStep }).run();
    expect(await Promise.all(answers)).not.toContain(FENCED);
    expect(await contents(made, 4)).toEqual(await expected(made, rows));
  });

  it('refuses clients while a slot is frozen, and only in that slot', async () => {
    const made = await world(['a', 'b'], 8, 40);
    await setGoal(made.store, goalOf(['a', 'b', 'c']));
    const answers: unknown[] = [];
    let frozen = 0;
    const b = disturbed(made.shards.get('c')!, async (call, slot) => {
      const map = await loadSlotMap(made.store);
      const client = async (at: number): Promise<unknown> =>
        made.shards.get(map.slots.owner(at).id)!.get(at, map.epoch, 'x');
      if (call !== 'scan') return;
      frozen++;
      answers.push(await client(slot), await client(0));
    });
    await slotMover({ ...made, shard: (id) => (id === 'c' ? b : made.shard(id)), batchSlots: 1 }).run();
    expect(frozen).toBe(2);
    expect(answers).toEqual([FENCED, undefined, FENCED, undefined]);
  });

  it('is not misled by a scan that repeats what it has shown', async () => {
    const made = await world(['a'], 4, 40);
    await setGoal(made.store, goalOf(['b']));
    const repeating = (shard: AnyShard): Shard => ({
      ...disturbed(shard, async () => undefined),
      scan: async (slot, epoch, cursor, limit) => {
        const page = await shard.scan(slot, epoch, cursor, limit);
        const all = await shard.scan(slot, epoch, undefined, 10_000);
        if (page === FENCED || all === FENCED) return FENCED;
        return { entries: [...all.entries, ...page.entries, ...all.entries], cursor: page.cursor };
      },
    });
    const { entries } = await slotMover({ ...made, shard: (id) => repeating(made.shard(id)!), pageSize: 2 }).run();
    expect(entries).toBe(40);
    expect(await contents(made, 4)).toEqual(await expected(made, made.rows));
  });

  it('empties the new owner before it copies, so that a frozen slot need not wait for that', async () => {
    const made = await world(['a'], 4, 40);
    const stray = made.shards.get('b')!;
    for (let slot = 0; slot < 4; slot++) await stray.set(slot, 1, 'stray', 'from whoever used b before');
    await setGoal(made.store, goalOf(['b']));
    let removed = 0;
    const b: Shard = {
      ...stray,
      apply: async (slot, epoch, puts, removes) => {
        removed += removes.length;
        return stray.apply(slot, epoch, puts, removes);
      },
    };
    await slotMover({ ...made, shard: (id) => (id === 'b' ? b : made.shard(id)) }).run();
    expect(removed).toBe(0);
    expect(await contents(made, 4)).toEqual(await expected(made, made.rows));
  });

  it('compares values as it is told to, and copies once more what differs', async () => {
    const puts = async (equal?: (a: number[], b: number[]) => boolean): Promise<number> => {
      const store = memorySlotMapStore();
      await initSlotMap(store, slots(['a'], { count: 2 }));
      const shards = new Map(['a', 'b'].map((id) => [id, memoryShard<number[]>()]));
      await shards.get('a')!.set(0, 1, 'k', [1]);
      await setGoal(store, goalOf(['b']));
      let count = 0;
      // Values cross the network: equal, never identical.
      const shard = (id: string): Shard<number[]> => {
        const real = shards.get(id)!;
        return {
          ...real,
          apply: async (slot, epoch, given, removes) => {
            count += given.length;
            return real.apply(slot, epoch, structuredClone(given), removes);
          },
        };
      };
      await slotMover({ store, shard, equal }).run();
      expect(await shards.get('b')!.get(0, Infinity, 'k')).toEqual([1]);
      return count;
    };
    expect(await puts()).toBe(2);
    expect(await puts((a, b) => a[0] === b[0])).toBe(1);
  });
});

describe('a goal that is replaced', () => {
  it.each(['claim', 'copy', 'freeze', 'switch', 'clean'])(
    'during a %s wins, and nothing is left of the first',
    async (when) => {
      const made = await world(['a', 'b'], 12, 60);
      await setGoal(made.store, goalOf(['a', 'b', 'c']));
      let pending: Promise<number> | undefined;
      const onStep = ({ kind }: MoverStep): void => {
        if (kind === when) pending ??= setGoal(made.store, goalOf(['a', 'd']));
      };
      await slotMover({ ...made, batchSlots: 2, pageSize: 3, onStep }).run();
      expect(pending).toBeDefined();
      await pending;
      const after = await stored(made.store);
      expect(after.slots.nodes.map(({ id }) => id)).toEqual(['a', 'd']);
      expect([after.goal, after.garbage]).toEqual([null, []]);
      expect(await contents(made, 12)).toEqual(await expected(made, made.rows));
    },
  );
});

describe('two movers', () => {
  it('at once finish the goal between them', async () => {
    const made = await world(['a', 'b'], 12, 60);
    await setGoal(made.store, goalOf(['c', 'd']));
    const movers = [2, 3].map((batchSlots) => slotMover({ ...made, batchSlots, pageSize: 2 }));
    const outcomes = await Promise.allSettled(movers.map((mover) => mover.run()));
    // One of them may have lost 16 races; not both, because a race is lost to somebody.
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    expect((await stored(made.store)).goal).toBeNull();
    expect(await contents(made, 12)).toEqual(await expected(made, made.rows));
  });
});
