/** The router: it follows the map, waits for a frozen slot, and never goes back. */
import { describe, expect, it } from 'vitest';
import { FENCED, initSlotMap, memoryShard, memorySlotMapStore, slotRouter } from '../src/migrate/index.ts';
import type { Address, Clock, SlotMapDocument, SlotMapStore, SlotRouter } from '../src/migrate/index.ts';
import { slots } from '../src/slots.ts';
import type { Slots } from '../src/slots.ts';

const code = (expected: string): unknown => expect.objectContaining({ name: 'PlacementError', code: expected });
const first: Slots<undefined> = slots(['a', 'b'], { count: 8 });
const slot = first.slotOf('user:42');
const owner = first.owner(slot).id;
const other = owner === 'a' ? 'b' : 'a';

/** A clock that moves when somebody sleeps, and what it was asked for. */
function testClock(): Clock & { readonly sleeps: number[] } {
  let nowMs = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => nowMs,
    sleep: async (ms) => {
      sleeps.push(ms);
      nowMs += ms;
    },
  };
}

interface World {
  readonly store: SlotMapStore;
  readonly clock: ReturnType<typeof testClock>;
  readonly router: SlotRouter;
  /** Of the store. */
  readonly loads: () => number;
  /** What the store answers instead of its document. */
  answer: ((real: SlotMapDocument | undefined) => Promise<SlotMapDocument | undefined>) | undefined;
}

async function world(options: { retryMs?: number; timeoutMs?: number } = {}): Promise<World> {
  const real = memorySlotMapStore();
  await initSlotMap(real, first);
  let loads = 0;
  const made: { answer: World['answer'] } = { answer: undefined };
  const store: SlotMapStore = {
    load: async () => {
      loads++;
      return made.answer === undefined ? real.load() : made.answer(await real.load());
    },
    save: (next) => real.save(next),
  };
  const clock = testClock();
  const router = await slotRouter({ store, clock, ...options });
  return Object.assign(made, { store, clock, router, loads: () => loads });
}

/** The slot of user:42 goes to the other node, in the next epoch. */
async function move(store: SlotMapStore): Promise<void> {
  const before = (await store.load())!;
  const after = first.assign([{ slot, from: owner, to: other }]);
  await store.save({ ...before, epoch: before.epoch + 1, slots: after.toJSON() });
}

describe('a router', () => {
  it('gives an operation owner, slot and epoch, and hands its answer through', async () => {
    const { router, clock, loads } = await world();
    const seen: Address[] = [];
    const answer = await router.run('user:42', async (at) => {
      seen.push(at);
      return undefined;
    });
    expect(answer).toEqual({ ok: true, value: undefined });
    expect(seen).toEqual([{ id: owner, slot, epoch: 1 }]);
    expect([loads(), clock.sleeps]).toEqual([1, []]);
    expect([router.epoch, router.slots.fingerprint]).toEqual([1, first.fingerprint]);
  });

  it('has the type of what the shard answers, without the refusal', async () => {
    const { router } = await world();
    const shard = memoryShard();
    const answer = await router.run('user:42', ({ slot: at, epoch }) => shard.get(at, epoch, 'user:42'));
    const value: string | undefined = answer.ok ? answer.value : answer.reason;
    expect(value).toBeUndefined();
  });

  it('reads the map again when it is refused, and asks the new owner at once', async () => {
    const { router, store, clock } = await world();
    await move(store);
    const seen: Address[] = [];
    const answer = await router.run('user:42', async (at) => {
      seen.push(at);
      return at.epoch < 2 ? FENCED : 'done';
    });
    expect(answer).toEqual({ ok: true, value: 'done' });
    expect(seen).toEqual([
      { id: owner, slot, epoch: 1 },
      { id: other, slot, epoch: 2 },
    ]);
    expect(clock.sleeps).toEqual([]);
    expect(router.epoch).toBe(2);
  });

  it('waits for a frozen slot, and goes on where it opens', async () => {
    const { router, store, clock } = await world();
    let calls = 0;
    const answer = await router.run('user:42', async ({ id }) => {
      if (++calls === 4) await move(store);
      return id === other ? 'opened' : FENCED;
    });
    expect(answer).toEqual({ ok: true, value: 'opened' });
    expect(calls).toBe(5);
    expect(clock.sleeps).toEqual([5, 5, 5]);
  });

  it('gives up after timeoutMs, having done nothing', async () => {
    const { router, clock } = await world({ retryMs: 40, timeoutMs: 100 });
    let calls = 0;
    const answer = await router.run('user:42', async () => {
      calls++;
      return FENCED;
    });
    expect(answer).toEqual({ ok: false, reason: 'fenced' });
    expect(clock.sleeps).toEqual([40, 40, 20]);
    expect(calls).toBe(4);
  });

  it('asks once when timeoutMs is 0', async () => {
    const { router, loads } = await world({ timeoutMs: 0 });
    expect(await router.run('user:42', async () => FENCED)).toEqual({ ok: false, reason: 'fenced' });
    expect(loads()).toBe(1);
  });

  it('never goes back to an older map, nor to none', async () => {
    const made = await world();
    const old = await made.store.load();
    await move(made.store);
    await made.router.refresh();
    expect(made.router.epoch).toBe(2);
    for (const answer of [old, undefined]) {
      made.answer = async () => answer;
      await made.router.refresh();
      expect([made.router.epoch, made.router.slots.owner(slot).id]).toEqual([2, other]);
    }
  });

  it('reads the map once for all who ask for it together', async () => {
    const { router, store, loads } = await world();
    await move(store);
    const before = loads();
    const op = async ({ epoch }: Address): Promise<number | typeof FENCED> => (epoch < 2 ? FENCED : epoch);
    await Promise.all([router.refresh(), ...Array.from({ length: 20 }, () => router.run('user:42', op))]);
    expect(loads() - before).toBe(1);
    await router.refresh();
    expect(loads() - before).toBe(2);
  });

  it('rejects as the operation does, and does not repeat it', async () => {
    const { router } = await world();
    let calls = 0;
    const failing = router.run('user:42', async () => {
      calls++;
      throw new Error('connection lost');
    });
    await expect(failing).rejects.toThrow('connection lost');
    expect(calls).toBe(1);
  });

  it('rejects when the map cannot be read or believed, and recovers with the store', async () => {
    const made = await world();
    const refused = (): Promise<unknown> =>
      made.router.run('user:42', async ({ epoch }) => (epoch < 2 ? FENCED : 'ok'));
    made.answer = () => Promise.reject(new Error('store is down'));
    await expect(refused()).rejects.toThrow('store is down');
    made.answer = async (real) => ({ ...real!, epoch: Number.NaN });
    await expect(refused()).rejects.toEqual(code('BAD_JSON'));
    made.answer = undefined;
    await move(made.store);
    expect(await refused()).toEqual({ ok: true, value: 'ok' });
  });

  it('refuses a key that is none, a store without a map, and options that make no sense', async () => {
    const { router, store, clock } = await world();
    await expect(router.run(7 as never, async () => 'x')).rejects.toThrow(TypeError);
    await expect(slotRouter({ store: memorySlotMapStore(), clock })).rejects.toEqual(code('BAD_OPTION'));
    for (const options of [{ retryMs: 0 }, { retryMs: 1.5 }, { timeoutMs: -1 }, { timeoutMs: Infinity }]) {
      await expect(slotRouter({ store, clock, ...options })).rejects.toEqual(code('BAD_OPTION'));
    }
  });
});
