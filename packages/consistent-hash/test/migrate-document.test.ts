/** The slot map as a document: what may enter it, and what is not believed. */
import { describe, expect, it } from 'vitest';
import { initSlotMap, memoryShard, memorySlotMapStore, setGoal, slotMover, slotRouter } from '../src/migrate/index.ts';
import type { SlotMapDocument, SlotMapStore } from '../src/migrate/index.ts';
import { slots } from '../src/slots.ts';
import type { Slots } from '../src/slots.ts';

const clock = { now: () => 0, sleep: async () => undefined };
const code = (expected: string): unknown => expect.objectContaining({ name: 'PlacementError', code: expected });

async function stored(store: SlotMapStore): Promise<SlotMapDocument> {
  return (await store.load())!;
}

async function storeOf(ids: readonly string[], count = 8): Promise<SlotMapStore> {
  const store = memorySlotMapStore();
  await initSlotMap(store, slots(ids, { count }));
  return store;
}

describe('initSlotMap', () => {
  it('stores epoch 1 in an empty store', async () => {
    const store = memorySlotMapStore();
    const first: Slots<undefined> = slots(['a', 'b'], { count: 8 });
    expect(await initSlotMap(store, first)).toBe(true);
    expect(await store.load()).toEqual({ epoch: 1, slots: first.toJSON(), goal: null, garbage: [] });
  });

  it('leaves a map that is there alone', async () => {
    const store = await storeOf(['a', 'b']);
    const before = await store.load();
    expect(await initSlotMap(store, slots(['z'], { count: 8 }))).toBe(false);
    expect(await store.load()).toEqual(before);
  });
});

describe('setGoal', () => {
  it('changes the goal and the epoch, and nothing else', async () => {
    const store = await storeOf(['a', 'b']);
    const before = await stored(store);
    expect(
      await setGoal(store, [
        { id: 'c', weight: 2, zone: 'z' },
        { id: 'a', data: 'a connection' as unknown as undefined },
      ]),
    ).toBe(2);
    const goal = [
      { id: 'a', weight: 1 },
      { id: 'c', weight: 2, zone: 'z' },
    ];
    expect(await store.load()).toEqual({ ...before, epoch: 2, goal });
    expect(await setGoal(store, [{ id: 'b' }])).toBe(3);
    expect((await stored(store)).goal).toEqual([{ id: 'b', weight: 1 }]);
  });

  it('refuses nodes that no map can have', async () => {
    const store = await storeOf(['a', 'b'], 4);
    const before = await store.load();
    await expect(setGoal(store, [])).rejects.toEqual(code('NO_NODES'));
    await expect(setGoal(store, [{ id: '' }])).rejects.toEqual(code('BAD_ID'));
    await expect(setGoal(store, [{ id: 'a' }, { id: 'a' }])).rejects.toEqual(code('DUPLICATE_ID'));
    await expect(setGoal(store, [{ id: 'a', weight: 0 }])).rejects.toEqual(code('BAD_WEIGHT'));
    // Old and new nodes are in the map together while slots move: a, b and three more are five, for four slots.
    await expect(setGoal(store, [{ id: 'c' }, { id: 'd' }, { id: 'e' }])).rejects.toEqual(code('BAD_OPTION'));
    expect(await store.load()).toEqual(before);
    expect(await setGoal(store, [{ id: 'c' }, { id: 'd' }])).toBe(2);
  });

  it('needs a map', async () => {
    await expect(setGoal(memorySlotMapStore(), [{ id: 'a' }])).rejects.toEqual(code('BAD_OPTION'));
  });

  it('tries again when somebody else was first, but not for ever', async () => {
    const store = await storeOf(['a', 'b']);
    let races = 0;
    const contested = (limit: number): SlotMapStore => ({
      load: () => store.load(),
      save: async (next) => {
        if (races++ < limit) await store.save({ ...(await stored(store)), epoch: next.epoch });
        return store.save(next);
      },
    });
    expect(await setGoal(contested(15), [{ id: 'c' }])).toBe(17);
    races = 0;
    await expect(setGoal(contested(Infinity), [{ id: 'c' }])).rejects.toEqual(code('STALE_MOVE'));
    expect(races).toBe(16);
  });

  it('and a mover need no hash function, because they hash no key; a router does', async () => {
    const fnv = { name: 'my-hash', hash: (key: string | Uint8Array) => key.length * 0x9e3779b9 };
    const store = memorySlotMapStore();
    await initSlotMap(store, slots(['a', 'b'], { count: 8, hash: fnv }));
    await setGoal(store, [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    const shards = new Map(['a', 'b', 'c'].map((id) => [id, memoryShard()]));
    expect(await slotMover({ store, shard: (id) => shards.get(id) }).run()).toEqual({ moved: 2, entries: 0 });
    expect((await stored(store)).slots.hash).toBe('my-hash');
    await expect(slotRouter({ store, clock })).rejects.toEqual(code('HASH_MISMATCH'));
    const router = await slotRouter({ store, clock, hashes: [fnv] });
    expect(router.slots.hashOf('four')).toBe((4 * 0x9e3779b9) >>> 0);
  });
});

describe('a document', () => {
  const edits: readonly (readonly [string, (document: SlotMapDocument) => unknown])[] = [
    ['of null', () => null],
    ['of text', (document) => JSON.stringify(document)],
    ['without epoch', ({ epoch: _, ...rest }) => rest],
    ['of epoch 0', (document) => ({ ...document, epoch: 0 })],
    ['of epoch 1.5', (document) => ({ ...document, epoch: 1.5 })],
    ['of epoch "1"', (document) => ({ ...document, epoch: '1' })],
    ['of an epoch that a double cannot count', (document) => ({ ...document, epoch: 2 ** 53 })],
    ['without slots', (document) => ({ ...document, slots: undefined })],
    ['of another placement', (document) => ({ ...document, slots: { ...document.slots, kind: 'ring' } })],
    ['that was edited', (document) => ({ ...document, slots: { ...document.slots, seed: 1 } })],
    ['with a goal that is no list', (document) => ({ ...document, goal: 'a' })],
    ['without goal', ({ goal: _, ...rest }) => rest],
    ['without garbage', (document) => ({ ...document, garbage: null })],
    ['with garbage of null', (document) => ({ ...document, garbage: [null] })],
    ['with garbage without id', (document) => ({ ...document, garbage: [{ slot: 0 }] })],
    ['with garbage of half a slot', (document) => ({ ...document, garbage: [{ slot: 0.5, id: 'b' }] })],
    ['with garbage of no slot', (document) => ({ ...document, garbage: [{ slot: 8, id: 'b' }] })],
    ['with garbage that is the owner', (document) => ({ ...document, garbage: [{ slot: 0, id: 'a' }] })],
  ];

  it.each(edits)('%s is not believed, by nobody, and nothing is done', async (_, edit) => {
    const real = await storeOf(['a', 'b']);
    const document = edit(await stored(real)) as SlotMapDocument;
    const store: SlotMapStore = { load: async () => document, save: () => Promise.reject(new Error('saved')) };
    const shard = (): never => {
      throw new Error('a shard was asked');
    };
    await expect(slotRouter({ store, clock })).rejects.toEqual(code('BAD_JSON'));
    await expect(slotMover({ store, shard }).run()).rejects.toEqual(code('BAD_JSON'));
    await expect(setGoal(store, [{ id: 'a' }])).rejects.toEqual(code('BAD_JSON'));
  });
});
