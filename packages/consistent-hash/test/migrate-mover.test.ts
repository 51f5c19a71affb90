/** The mover, undisturbed and disturbed on purpose. The random schedules are in migrate.model.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FENCED, initSlotMap, memoryShard, memorySlotMapStore, setGoal, slotMover } from '../src/migrate/index.ts';
import type { ClientShard, MoverStep, Shard, SlotMapDocument, SlotMapStore } from '../src/migrate/index.ts';
import { loadSlotMap, readDocument } from '../src/migrate/document.ts';
import { plan } from '../src/plan.ts';
import { slots } from '../src/slots.ts';
import type { Slots } from '../src/slots.ts';

const code = (expected: string): unknown => expect.objectContaining({ name: 'PlacementError', code: expected });
const RUNS = process.env['NIGHTLY'] === '1' ? 5000 : 100;

type AnyShard = Shard & ClientShard;

interface World {
  readonly store: SlotMapStore;
  readonly shards: ReadonlyMap<string, AnyShard>;
  readonly shard: (id: string) => AnyShard | undefined;
  readonly rows: ReadonlyMap<string, string>;
}

const IDS = ['a', 'b', 'c', 'd'];

async function world(ids: readonly string[], count: number, rowCount: number): Promise<World> {
  const store = memorySlotMapStore();
  const first: Slots<undefined> = slots(ids, { count });
  await initSlotMap(store, first);
  const shards = new Map(IDS.map((id) => [id, memoryShard()]));
  const rows = new Map(Array.from({ length: rowCount }, (_, i) => [`key ${String(i)}`, `value ${String(i)}`]));
  for (const [key, value] of rows) {
    const slot = first.slotOf(key);
    await shards.get(first.owner(slot).id)!.set(slot, 1, key, value);
  }
  return { store, shards, shard: (id) => shards.get(id), rows };
}

const stored = async (store: SlotMapStore): Promise<SlotMapDocument> => (await store.load())!;
const goalOf = (ids: readonly string[]): { id: string }[] => ids.map((id) => ({ id }));

/** Every row of every shard, with an epoch that no fence refuses; `id slot key` to value. */
async function contents({ shards }: World, count: number): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [id, shard] of shards) {
    for (let slot = 0; slot < count; slot++) {
      const page = await shard.scan(slot, Infinity, undefined, 10_000);
      if (page === FENCED) throw new Error('fenced above infinity');
      for (const [key, value] of page.entries) found.set(`${id} ${String(slot)} ${key}`, value);
    }
  }
  return found;
}

/** Where the rows should be: with the owners that the stored map names, and nowhere else. */
async function expected({ store }: World, rows: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const map = readDocument(await stored(store), []).slots;
  return new Map([...rows].map(([key, value]) => [`${map.locate(key).id} ${String(map.slotOf(key))} ${key}`, value]));
}

/** A shard that fails, or does something else first, at chosen calls. */
function disturbed(shard: AnyShard, before: (call: keyof Shard, slot: number) => Promise<void>): Shard {
  return {
    fence: async (slot, ...rest) => before('fence', slot).then(() => shard.fence(slot, ...rest)),
    scan: async (slot, ...rest) => before('scan', slot).then(() => shard.scan(slot, ...rest)),
    apply: async (slot, ...rest) => before('apply', slot).then(() => shard.apply(slot, ...rest)),
    clear: async (slot, ...rest) => before('clear', slot).then(() => shard.clear(slot, ...rest)),
  };
}

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

describe('a run that fails', () => {
  /** Every call of a whole migration fails once, in its own run; the next run has to finish. */
  it('at any call to any shard rejects, and the next run finishes the same plan', async () => {
    for (let failing = 0; ; failing++) {
      const made = await world(['a', 'b'], 6, 20);
      await setGoal(made.store, goalOf(['b', 'c']));
      let calls = 0;
      const shard = (id: string): Shard =>
        disturbed(made.shard(id)!, async () => {
          if (calls++ === failing) throw new Error('shard is down');
        });
      const attempt = slotMover({ ...made, shard, batchSlots: 2, pageSize: 2 }).run();
      if (calls <= failing) {
        // Counted while it runs: settle it first.
        const outcome = await attempt.then(
          () => 'finished',
          (error: unknown) => (error as Error).message,
        );
        if (outcome === 'finished') {
          expect(failing).toBeGreaterThan(25);
          return;
        }
        expect(outcome).toBe('shard is down');
      }
      const open = await loadSlotMap(made.store);
      for (let slot = 0; slot < 6; slot++) {
        const client = made.shards.get(open.slots.owner(slot).id)!;
        expect(await client.get(slot, open.epoch, 'x')).toBeUndefined();
      }
      await slotMover(made).run();
      const after = await stored(made.store);
      expect([after.goal, after.garbage, after.slots.nodes.length]).toEqual([null, [], 2]);
      expect(await contents(made, 6)).toEqual(await expected(made, made.rows));
    }
  });

  it('at a load rejects; at a save whose outcome nobody knows goes on', async () => {
    for (let failing = 0; ; failing++) {
      const made = await world(['a', 'b'], 6, 20);
      await setGoal(made.store, goalOf(['b', 'c']));
      let saves = 0;
      const store: SlotMapStore = {
        load: () => made.store.load(),
        save: async (next) => {
          const isLost = saves++ === failing;
          const isStored = await made.store.save(next);
          if (isLost) throw new Error('reply lost');
          return isStored;
        },
      };
      await slotMover({ ...made, store, batchSlots: 2 }).run();
      expect((await stored(made.store)).goal).toBeNull();
      expect(await contents(made, 6)).toEqual(await expected(made, made.rows));
      if (saves <= failing) break;
    }
    const made = await world(['a', 'b'], 6, 20);
    const store: SlotMapStore = { ...made.store, load: () => Promise.reject(new Error('store is down')) };
    await expect(slotMover({ ...made, store }).run()).rejects.toThrow('store is down');
  });

  it('gives up after 16 saves in a row: with the failure of the store, or because others are faster', async () => {
    const made = await world(['a', 'b'], 6, 20);
    await setGoal(made.store, goalOf(['c']));
    let saves = 0;
    const counted = (save: SlotMapStore['save']): SlotMapStore => {
      saves = 0;
      return {
        load: () => made.store.load(),
        save: (next) => {
          saves++;
          return save(next);
        },
      };
    };
    const readOnly = counted(() => Promise.reject(new Error('read only')));
    await expect(slotMover({ ...made, store: readOnly }).run()).rejects.toThrow('read only');
    expect(saves).toBe(16);
    const contested = counted(async (next) => {
      await made.store.save({ ...(await stored(made.store)), epoch: next.epoch });
      return made.store.save(next);
    });
    await expect(slotMover({ ...made, store: contested }).run()).rejects.toEqual(code('STALE_MOVE'));
    expect(saves).toBe(16);
    const flaky = counted((next) => (saves === 1 ? Promise.reject(new Error('reply lost')) : contested.save(next)));
    await expect(slotMover({ ...made, store: flaky }).run()).rejects.toEqual(code('STALE_MOVE'));
    expect((await slotMover(made).run()).moved).toBe(6);
  });

  it('a race now and then does not add up to giving up', async () => {
    const made = await world(['a', 'b'], 20, 20);
    await setGoal(made.store, goalOf(['c']));
    let races = 0;
    const store: SlotMapStore = {
      load: () => made.store.load(),
      save: async (next) => {
        // Somebody else changes the map before each claim that follows a switch.
        const before = await stored(made.store);
        const isRace = races < next.epoch / 4 && before.epoch === next.epoch - 1;
        if (isRace) races++;
        if (isRace) await made.store.save({ ...before, epoch: next.epoch });
        return made.store.save(next);
      },
    };
    expect((await slotMover({ ...made, store, batchSlots: 1 }).run()).moved).toBe(20);
    expect(races).toBeGreaterThan(16);
  });

  it('does not leave anything of itself running', async () => {
    const made = await world(['a'], 8, 80);
    await setGoal(made.store, goalOf(['b']));
    let isOver = false;
    let late = 0;
    const shard = (id: string): Shard =>
      disturbed(made.shard(id)!, async (call, slot) => {
        for (let turn = 0; turn < slot * 5; turn++) await Promise.resolve();
        if (isOver) late++;
        if (call === 'apply' && slot === 0) throw new Error('shard is down');
      });
    await expect(slotMover({ ...made, shard, pageSize: 1 }).run()).rejects.toThrow('shard is down');
    isOver = true;
    await new Promise((resolve) => setImmediate(resolve));
    expect(late).toBe(0);
  });

  it('names a node that no shard is known for, before the map is changed', async () => {
    const made = await world(['a'], 8, 8);
    await setGoal(made.store, goalOf(['a', 'z']));
    const before = await made.store.load();
    await expect(slotMover(made).run()).rejects.toEqual(code('UNKNOWN_NODE'));
    expect(await made.store.load()).toEqual(before);
    await setGoal(made.store, goalOf(['a', 'b']));
    expect((await slotMover(made).run()).moved).toBe(4);
  });

  it('because a shard with garbage is gone rejects too, but not before everything is moved', async () => {
    const made = await world(['a', 'b'], 8, 40);
    await setGoal(made.store, goalOf(['b', 'c']));
    let isGone = false;
    const a = disturbed(made.shards.get('a')!, async () => {
      if (isGone) throw new Error('a is gone');
    });
    const onStep = ({ kind }: MoverStep): void => {
      if (kind === 'switch') isGone = true;
    };
    const shard = (id: string): Shard | undefined => (id === 'a' ? a : made.shard(id));
    // All of a's slots leave in the first batch, and with the second move of b's the garbage on a must be kept.
    await expect(slotMover({ ...made, shard, batchSlots: 4, onStep }).run()).rejects.toThrow('a is gone');
    expect((await loadSlotMap(made.store)).slots.slotsOf('a')).toEqual([]);
    await setGoal(made.store, goalOf(['b', 'c', 'd']));
    await expect(slotMover({ ...made, shard, batchSlots: 1 }).run()).rejects.toThrow('a is gone');
    expect((await loadSlotMap(made.store)).slots.slotsOf('d')).toHaveLength(2);
    expect(new Set((await stored(made.store)).garbage.map(({ id }) => id))).toContain('a');
    isGone = false;
    await slotMover({ ...made, shard }).run();
    expect(await contents(made, 8)).toEqual(await expected(made, made.rows));
    expect((await stored(made.store)).goal).toBeNull();
  });

  it('keeps no garbage of a slot that returns to where it was', async () => {
    const made = await world(['a'], 4, 40);
    await setGoal(made.store, goalOf(['b']));
    let isClearing = false;
    const a = disturbed(made.shards.get('a')!, async (call) => {
      if (call === 'clear' && !isClearing) throw new Error('a cannot clear');
    });
    const shard = (id: string): Shard | undefined => (id === 'a' ? a : made.shard(id));
    await expect(slotMover({ ...made, shard }).run()).rejects.toThrow('a cannot clear');
    expect((await stored(made.store)).garbage).toHaveLength(4);
    isClearing = true;
    await setGoal(made.store, goalOf(['a']));
    // The clean-up fails at its fence, the copy does not.
    let fences = 0;
    const late = disturbed(made.shards.get('a')!, async (call) => {
      if (call === 'fence' && fences++ < 4) throw new Error('a is slow');
    });
    const slow = (id: string): Shard | undefined => (id === 'a' ? late : made.shard(id));
    await expect(slotMover({ ...made, shard: slow }).run()).rejects.toThrow('a is slow');
    const { garbage } = await loadSlotMap(made.store);
    expect(garbage.map(({ id }) => id)).toEqual(['b', 'b', 'b', 'b']);
    await slotMover(made).run();
    expect(await contents(made, 4)).toEqual(await expected(made, made.rows));
  });

  it('is not harmed by a clean-up that was given up and arrives when the slot has come back', async () => {
    const made = await world(['a'], 4, 40);
    await setGoal(made.store, goalOf(['b']));
    const a = made.shards.get('a')!;
    const down = disturbed(a, async (call) => {
      if (call === 'clear') throw new Error('a cannot clear');
    });
    await expect(slotMover({ ...made, shard: (id) => (id === 'a' ? down : made.shard(id)) }).run()).rejects.toThrow();
    await setGoal(made.store, goalOf(['a']));
    const late: (() => Promise<unknown>)[] = [];
    const slow: Shard = {
      ...a,
      clear: async (slot, epoch) => {
        if (late.length === 4) return a.clear(slot, epoch);
        late.push(() => a.clear(slot, epoch));
        throw new Error('given up');
      },
    };
    const mover = slotMover({ ...made, shard: (id) => (id === 'a' ? slow : made.shard(id)) });
    await expect(mover.run()).rejects.toThrow('given up');
    expect((await loadSlotMap(made.store)).slots.slotsOf('a')).toHaveLength(4);
    expect(late).toHaveLength(4);
    for (const arrive of late) expect(await arrive()).toBe(FENCED);
    await mover.run();
    expect(await contents(made, 4)).toEqual(await expected(made, made.rows));
  });

  it('on options that make no sense, before anything happens', async () => {
    const made = await world(['a'], 8, 8);
    for (const options of [{ batchSlots: 0 }, { batchSlots: 1025 }, { pageSize: 0 }, { pageSize: 2.5 }]) {
      expect(() => slotMover({ ...made, ...options })).toThrow(code('BAD_OPTION'));
    }
    await expect(slotMover({ ...made, store: memorySlotMapStore() }).run()).rejects.toEqual(code('BAD_OPTION'));
  });
});

describe('an abort', () => {
  it('stops between pages, and a later run goes on', async () => {
    const made = await world(['a'], 2, 50);
    await setGoal(made.store, goalOf(['b']));
    const control = new AbortController();
    let applied = 0;
    const b = disturbed(made.shards.get('b')!, async (call) => {
      if (call === 'apply' && ++applied === 3) control.abort(new Error('shutting down'));
    });
    const mover = slotMover({ ...made, shard: (id) => (id === 'b' ? b : made.shard(id)), pageSize: 2 });
    await expect(mover.run(control.signal)).rejects.toThrow('shutting down');
    expect(applied).toBeLessThan(6);
    await expect(mover.run(control.signal)).rejects.toThrow('shutting down');
    expect((await mover.run()).moved).toBe(2);
    expect(await contents(made, 2)).toEqual(await expected(made, made.rows));
  });

  it('lets a batch that is frozen be switched first', async () => {
    const made = await world(['a'], 6, 50);
    await setGoal(made.store, goalOf(['b']));
    const control = new AbortController();
    const steps: string[] = [];
    const onStep = ({ kind }: MoverStep): void => {
      steps.push(kind);
      if (kind === 'freeze') control.abort(new Error('shutting down'));
    };
    const mover = slotMover({ ...made, batchSlots: 2, onStep });
    await expect(mover.run(control.signal)).rejects.toThrow('shutting down');
    expect(steps).toEqual(['claim', 'copy', 'freeze', 'switch']);
    expect((await mover.run()).moved).toBe(4);
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
