/** The shard and the store in memory: the reference that others are compared with. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FENCED, memoryShard, memorySlotMapStore } from '../src/migrate/index.ts';
import type { SlotMapDocument } from '../src/migrate/index.ts';

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__', 'constructor');

describe('a shard in memory', () => {
  it('refuses every call below the fence and does nothing', async () => {
    const shard = memoryShard();
    await shard.set(3, 5, 'k', 'before');
    await shard.fence(3, 6);
    expect(await shard.get(3, 5, 'k')).toBe(FENCED);
    expect(await shard.set(3, 5, 'k', 'after')).toBe(FENCED);
    expect(await shard.delete(3, 5, 'k')).toBe(FENCED);
    expect(await shard.scan(3, 5, undefined, 10)).toBe(FENCED);
    expect(await shard.apply(3, 5, [['k', 'after']], ['k'])).toBe(FENCED);
    expect(await shard.clear(3, 5)).toBe(FENCED);
    expect(await shard.get(3, 6, 'k')).toBe('before');
    expect(await shard.get(4, 0, 'k')).toBeUndefined();
  });

  it('never lowers a fence, and keeps it when it is cleared', async () => {
    const shard = memoryShard();
    await shard.fence(0, 7);
    await shard.fence(0, 3);
    await shard.clear(0, 7);
    expect(await shard.get(0, 6, 'k')).toBe(FENCED);
    expect(await shard.get(0, 7, 'k')).toBeUndefined();
  });

  it('shows a scan every entry that is there from its beginning to its end, whatever else changes', async () => {
    const changes = fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(keys),
        fc.array(changes, { maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        async (initial, between, limit) => {
          const shard = memoryShard();
          await shard.apply(
            0,
            1,
            initial.map((key) => [key, 'old']),
            [],
          );
          const untouched = new Set(initial);
          const seen = new Map<string, string>();
          let cursor: string | undefined;
          let turn = 0;
          do {
            const page = await shard.scan(0, 1, cursor, limit);
            if (page === FENCED) throw new Error('nobody fenced it');
            expect(page.entries.length).toBeLessThanOrEqual(limit);
            for (const [key, value] of page.entries) seen.set(key, value);
            for (const [key, isSet] of between[turn++] ?? []) {
              untouched.delete(key);
              if (isSet) await shard.set(0, 1, key, 'new');
              else await shard.delete(0, 1, key);
            }
            cursor = page.cursor;
          } while (cursor !== undefined);
          for (const key of untouched) expect(seen.get(key)).toBe('old');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps values of any kind, also those that look like nothing', async () => {
    const shard = memoryShard<number | null>();
    await shard.set(0, 0, 'k', 0);
    expect(await shard.get(0, 0, 'k')).toBe(0);
    await shard.set(0, 0, 'k', null);
    expect(await shard.get(0, 0, 'k')).toBeNull();
    expect(await shard.delete(0, 0, 'k')).toBe(true);
    expect(await shard.delete(0, 0, 'k')).toBe(false);
  });
});

describe('a store in memory', () => {
  const document = (epoch: number): SlotMapDocument => ({
    epoch,
    slots: { v: 1, kind: 'slots', hash: 'xxh32', seed: 0, nodes: [], fingerprint: '' },
    goal: null,
    garbage: [],
  });

  it('accepts the next epoch alone, and hands out copies', async () => {
    const store = memorySlotMapStore();
    expect(await store.load()).toBeUndefined();
    expect(await store.save(document(2))).toBe(false);
    expect(await store.save(document(1))).toBe(true);
    expect(await store.save(document(1))).toBe(false);
    expect(await store.save(document(3))).toBe(false);
    expect(await store.save(document(2))).toBe(true);
    expect(await store.load()).toEqual(document(2));
    expect(await store.load()).not.toBe(await store.load());
  });
});
