/** Rows by slot, owners as runs, goals of changes, and kill windows: what the page and the verdict count with. */
import { plan, slots, type Slots } from '@loadbearing/consistent-hash';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { goalOf } from '../src/goal.ts';
import { KillWindows } from '../src/kill-windows.ts';
import { keyOf } from '../src/load/workload.ts';
import { ownersOf, RowCount } from '../src/rows.ts';

/** How many of the keys fall into each slot. */
function countOf(map: Slots): RowCount {
  const bySlot = Array.from({ length: map.count }, () => 0);
  for (const key of keys) bySlot[map.slotOf(key)]!++;
  return new RowCount(bySlot);
}

const keys = Array.from({ length: 300 }, (_, row) => keyOf(row));

describe('rows', () => {
  test('moved are exactly the keys that locate finds somewhere else, in the middle of a plan too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.nat(40), (from, to, maxMoves) => {
        const before = slots(
          Array.from({ length: from }, (_, i) => `a${i}`),
          { count: 32 },
        );
        const goal = Array.from({ length: to }, (_, i) => (i % 2 === 0 ? `a${i}` : `b${i}`));
        const both = [...new Set([...before.nodes.map(({ id }) => id), ...goal])];
        const union = slots(both, { count: 32, owners: ownersOf(before) });
        const after = union.assign(plan(union, goal, { maxMoves }));
        const rows = keys.filter((key) => before.locate(key).id !== after.locate(key).id).length;
        const moved = countOf(before).moved(before, after);
        expect(moved.rows).toBe(rows);
        expect(moved.slots).toBeLessThanOrEqual(maxMoves);
      }),
    );
  });

  test('the least that moves is what the shards that come or go hold, both ways', () => {
    const count = countOf(slots(['a', 'b'], { count: 8 }));
    expect([count.leastMoved(4, 5), count.leastMoved(5, 4), count.leastMoved(3, 3), count.leastMoved(1, 2)]).toEqual([
      60, 60, 0, 150,
    ]);
  });

  test('owners are maximal runs that a map can be made of again', () => {
    const map = slots(['a', 'b', 'c'], { count: 30 });
    const runs = ownersOf(map);
    expect(runs.every((run, i) => i === 0 || run.id !== runs[i - 1]!.id)).toBe(true);
    expect(slots(['a', 'b', 'c'], { count: 30, owners: runs }).fingerprint).toBe(map.fingerprint);
  });
});

describe('the goal of a change', () => {
  test('a new shard gets the first free name', () => {
    expect(goalOf(['shard-1', 'shard-3'], { action: 'add' })).toEqual(['shard-1', 'shard-3', 'shard-2']);
  });

  test('the last shard is that with the highest number', () => {
    expect(goalOf(['shard-1', 'shard-10', 'shard-9'], { action: 'remove' })).toEqual(['shard-1', 'shard-9']);
  });

  test('not more than twelve, not fewer than one, none that is not there', () => {
    const twelve = Array.from({ length: 12 }, (_, i) => `shard-${i + 1}`);
    expect(() => goalOf(twelve, { action: 'add' })).toThrow('There are 12 shards; no more.');
    expect(() => goalOf(['shard-1'], { action: 'remove' })).toThrow('The last shard stays.');
    expect(() => goalOf(twelve, { action: 'remove', id: '__proto__' })).toThrow('There is no shard "__proto__".');
  });
});

describe('kill windows', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1000, toFake: ['setTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('from the kill until a quarter of a second after the successor works, whatever began before or within', () => {
    const windows = new KillWindows<string>();
    vi.advanceTimersByTime(100);
    const before = performance.now();
    expect(windows.isClear(before)).toBe(true);
    windows.begin('mover');
    expect(windows.isClear(before)).toBe(false);
    vi.advanceTimersByTime(400);
    windows.end('mover');
    vi.advanceTimersByTime(200);
    const within = performance.now();
    expect(windows.isClear(within)).toBe(false);
    vi.advanceTimersByTime(100);
    expect([windows.isClear(before), windows.isClear(within), windows.isClear(performance.now())]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('windows of two processes are one time of two; an end without a beginning is none', () => {
    const windows = new KillWindows<string>();
    vi.advanceTimersByTime(1);
    windows.end('router');
    windows.begin('mover');
    windows.begin('router');
    windows.begin('router');
    windows.end('router');
    vi.advanceTimersByTime(1000);
    expect(windows.isClear(performance.now())).toBe(false);
    windows.end('mover');
    vi.advanceTimersByTime(1000);
    expect(windows.isClear(performance.now())).toBe(true);
  });
});
