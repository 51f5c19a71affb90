/**
 * Every table that four keys can make.
 *
 * The hash is mocked to be the home cell and nothing else, so no tag tells keys apart. From the empty table each key is
 * put in or taken out, and what has not been seen before is gone on from: that covers every sequence of inserts and
 * deletes, of any length. In each table all four look-ups must be right, and no key may lie behind an empty cell.
 */
import { describe, expect, it, vi } from 'vitest';
import { KeyIndex } from '../../src/key-index.ts';

const home = vi.hoisted(() => ({ of: [0, 0, 0, 0, 0] }));
vi.mock('../../src/hash.ts', async (original) => ({
  ...(await original<object>()),
  hashInt: (key: number): number => home.of[key] as number,
}));

const keys = [1, 2, 3, 4] as const;
const size = 8;

/** Throws where the table is wrong about what it holds. */
function verify(index: KeyIndex, cells: Int32Array, held: ReadonlySet<number>): void {
  for (const key of keys) {
    const slot = held.has(key) ? key : 0;
    if (index.find(key) !== slot)
      throw new Error(`${key} is not found: homes ${home.of.join()}, cells ${cells.join()}`);
  }
  const filled = cells.reduce((count, cell) => count + (cell === 0 ? 0 : 1), 0);
  if (filled !== held.size) throw new Error(`a cell too many: homes ${home.of.join()}, cells ${cells.join()}`);
}

/** All tables reachable from the empty one; answers how many there are. */
function explore(): number {
  // Slot k holds key k, so the array of keys never changes.
  const index = new KeyIndex([undefined, 0, ...keys.flatMap((key) => [key, 0])], 4, 0, false);
  const cells = new Int32Array(size);
  Reflect.set(index, 'cells', cells);
  Reflect.set(index, 'mask', size - 1);
  const seen = new Set([cells.join()]);
  const open: Int32Array[] = [cells.slice()];
  for (const table of open) {
    for (const key of keys) {
      cells.set(table);
      const held = new Set(table.filter((cell) => cell !== 0));
      if (held.delete(key)) {
        index.remove(key);
      } else {
        held.add(key);
        index.find(key);
        index.add(key, index.sought);
      }
      verify(index, cells, held);
      const name = cells.join();
      if (!seen.has(name)) open.push(cells.slice());
      seen.add(name);
    }
  }
  return seen.size;
}

describe('the index, exhaustively', () => {
  it('finds what it holds and nothing else, wherever four keys are at home and in whatever order they come and go', () => {
    const homes = Array.from({ length: size }, (_, i) => i);
    let [tables, assignments] = [0, 0];
    for (const a of homes) {
      for (const b of homes) {
        for (const c of homes) {
          for (const d of homes) {
            home.of = [0, a, b, c, d];
            tables += explore();
            assignments++;
          }
        }
      }
    }
    // Sixteen sets of keys each, and more tables where keys compete for cells.
    expect(tables).toBeGreaterThan(16 * assignments);
  });
});
