/**
 * What every shard must do, as tests: a shard that passes may be used by routers and movers.
 *
 * The model is a Map and a number for each slot, and answers as the words of `Shard` say.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FENCED } from '../../src/migrate/shard.ts';
import type { ClientShard, Shard } from '../../src/migrate/shard.ts';

export type FullShard = Shard & ClientShard;

/** Everything in a slot; scans in pages of `limit` and forgives repeats. */
export async function contentOf(shard: Shard, slot: number, epoch: number, limit = 100): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const page = await shard.scan(slot, epoch, cursor, limit);
    if (page === FENCED) throw new Error(`slot ${String(slot)} is fenced above ${String(epoch)}`);
    for (const [key, value] of page.entries) content.set(key, value);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return content;
}

const AWKWARD = ['', '__proto__', 'constructor', 'toString', '0', '\0', '\r\n', '{a}', 'é', '😀', 'x'.repeat(100_000)];

type Step =
  | { readonly call: 'fence' | 'clear' | 'scan' }
  | { readonly call: 'get' | 'delete'; readonly key: string }
  | { readonly call: 'set'; readonly key: string; readonly value: string }
  | { readonly call: 'apply'; readonly puts: [string, string][]; readonly removes: string[] };

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'é');
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...AWKWARD.slice(0, -1)));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ call: fc.constantFrom('fence' as const, 'clear', 'scan') }),
  fc.record({ call: fc.constantFrom('get' as const, 'delete'), key }),
  fc.record({ call: fc.constant('set' as const), key, value }),
  fc.record({
    call: fc.constant('apply' as const),
    puts: fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k }),
    removes: fc.uniqueArray(key),
  }),
);
/** 9 and 10 stand in the other order as text; the last two differ only in the last bit of a double. */
const epoch = fc.constantFrom(1, 9, 10, 100, 2 ** 53 - 2, 2 ** 53 - 1);

interface ModelSlot {
  fence: number;
  readonly rows: Map<string, string>;
}

function expected({ fence, rows }: ModelSlot, at: number, s: Step): unknown {
  if (s.call === 'fence') return undefined;
  if (at < fence) return FENCED;
  if (s.call === 'get') return rows.get(s.key);
  if (s.call === 'delete') return rows.delete(s.key);
  if (s.call === 'scan') return new Map(rows);
  if (s.call === 'clear') rows.clear();
  if (s.call === 'set') rows.set(s.key, s.value);
  if (s.call === 'apply') {
    for (const [k, v] of s.puts) rows.set(k, v);
    for (const k of s.removes) rows.delete(k);
  }
  return undefined;
}

async function done(shard: FullShard, slot: number, at: number, s: Step): Promise<unknown> {
  if (s.call === 'get') return shard.get(slot, at, s.key);
  if (s.call === 'delete') return shard.delete(slot, at, s.key);
  if (s.call === 'set') return shard.set(slot, at, s.key, s.value);
  if (s.call === 'apply') return shard.apply(slot, at, s.puts, s.removes);
  if (s.call !== 'scan') return shard[s.call](slot, at);
  const page = await shard.scan(slot, at, undefined, 2);
  return page === FENCED ? FENCED : contentOf(shard, slot, at, 2);
}

/** One law that says nearly all; alone for a second client of the same engine. */
export function shardModel(name: string, make: () => FullShard, runs: number): void {
  it(`the shard ${name} answers like a Map behind a number, whatever is called (${String(runs)} runs)`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ slot: fc.constantFrom(0, 1, 16_383), at: epoch, s: step }), { maxLength: 30 }),
        async (calls) => {
          const shard = make();
          const model = new Map<number, ModelSlot>();
          for (const { slot, at, s } of calls) {
            const slotModel = model.get(slot) ?? { fence: 0, rows: new Map<string, string>() };
            model.set(slot, slotModel);
            expect(await done(shard, slot, at, s)).toEqual(expected(slotModel, at, s));
            if (s.call === 'fence') slotModel.fence = Math.max(slotModel.fence, at);
          }
        },
      ),
      { numRuns: runs },
    );
  });
}

/** @param make an empty shard, each time another */
export function shardContract(name: string, make: () => FullShard, runs: number): void {
  shardModel(name, make, runs);

  describe(`the shard ${name}`, () => {
    it('refuses every call below the fence and does nothing', async () => {
      const shard = make();
      await shard.set(5, 10, 'k', 'v');
      await shard.fence(5, 10);
      const refused = [
        await shard.get(5, 9, 'k'),
        await shard.set(5, 9, 'k', 'other'),
        await shard.delete(5, 9, 'k'),
        await shard.scan(5, 9, undefined, 10),
        await shard.apply(5, 9, [['k', 'other']], ['k']),
        await shard.clear(5, 9),
      ];
      expect(refused.every((answer) => answer === FENCED)).toBe(true);
      expect(await contentOf(shard, 5, 10)).toEqual(new Map([['k', 'v']]));
      expect(await shard.get(6, 9, 'k')).toBeUndefined();
    });

    it('never lowers a fence, and keeps it when the slot is cleared', async () => {
      const shard = make();
      await shard.fence(5, 10);
      await shard.fence(5, 9);
      await shard.clear(5, 10);
      expect(await shard.get(5, 9, 'k')).toBe(FENCED);
      expect(await shard.get(5, 10, 'k')).toBeUndefined();
    });

    it('keeps any key and any value', async () => {
      const shard = make();
      const pairs = AWKWARD.map((text, i) => [text, AWKWARD[AWKWARD.length - 1 - i]!] as const);
      await shard.apply(0, 1, pairs, []);
      expect(await contentOf(shard, 0, 1)).toEqual(new Map(pairs));
      for (const [k, v] of pairs) expect(await shard.get(0, 1, k)).toBe(v);
      for (const [k] of pairs) expect(await shard.delete(0, 1, k)).toBe(true);
      for (const [k] of pairs) expect(await shard.delete(0, 1, k)).toBe(false);
    });

    it('applies twelve thousand changes at once', async () => {
      const shard = make();
      const many = Array.from({ length: 12_000 }, (_, i) => [`key-${String(i)}`, String(i)] as const);
      await shard.apply(1, 1, many, []);
      await shard.apply(
        1,
        1,
        [['one more', '']],
        many.slice(1).map(([k]) => k),
      );
      expect(await contentOf(shard, 1, 1)).toEqual(new Map([many[0]!, ['one more', '']]));
    });

    it.each([10, 2000])('shows a scan every entry that is there from beginning to end (%i entries)', async (n) => {
      const shard = make();
      const staying = Array.from({ length: n }, (_, i) => `staying-${String(i)}`);
      await shard.apply(
        2,
        1,
        staying.map((k) => [k, k] as const),
        [],
      );
      const seen = new Set<string>();
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await shard.scan(2, 1, cursor, 50);
        if (page === FENCED) throw new Error('fenced');
        for (const [k, v] of page.entries) {
          if (k.startsWith('staying')) expect(v).toBe(k);
          seen.add(k);
        }
        cursor = page.cursor;
        // Others come and go at first: enough for the table beneath to grow while it is scanned.
        const passing = Array.from({ length: pages < 10 ? 300 : 0 }, (_, i) => `${String(pages)}-${String(i)}`);
        const entries = passing.map((k) => [k, ''] as const);
        await shard.apply(2, 1, entries, pages % 2 === 0 ? [] : passing);
        if (++pages > 1000) throw new Error('a scan without end');
      } while (cursor !== undefined);
      expect(staying.filter((k) => !seen.has(k))).toEqual([]);
    });
  });
}
