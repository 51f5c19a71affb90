/** The mover when something fails: shards, the store, rivals, or the caller's patience. */
import { describe, expect, it } from 'vitest';
import { FENCED, memorySlotMapStore, setGoal, slotMover } from '../src/migrate/index.ts';
import type { MoverStep, Shard, SlotMapStore } from '../src/migrate/index.ts';
import { loadSlotMap } from '../src/migrate/document.ts';
import { code, contents, disturbed, expected, goalOf, stored, world } from './migrate/shards.ts';

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
