/** How many rows lie in which slot, and so how many a change of owners has moved. Pure. */
import type { Slots } from '@loadbearing/consistent-hash';
import type { SlotRun } from './feed.ts';

/** A count of rows by slot, of one moment; a migration under way is measured by the count of its beginning. */
export class RowCount {
  readonly total: number;
  readonly #bySlot: readonly number[];

  constructor(bySlot: readonly number[]) {
    this.#bySlot = bySlot;
    this.total = bySlot.reduce((sum, rows) => sum + rows, 0);
  }

  /** Slots with another owner than before, and the rows in them. O(slots). */
  moved(before: Slots, after: Slots): { slots: number; rows: number } {
    let [slots, rows] = [0, 0];
    if (before === after) return { slots, rows };
    for (let slot = 0; slot < before.count; slot++) {
      if (before.owner(slot).id === after.owner(slot).id) continue;
      slots++;
      rows += this.#bySlot[slot]!;
    }
    return { slots, rows };
  }

  /** The least that can move: the rows of the shards that come or go, if all shards hold the same number. */
  leastMoved(shardsBefore: number, shardsAfter: number): number {
    return (this.total * Math.abs(shardsAfter - shardsBefore)) / Math.max(shardsAfter, shardsBefore);
  }
}

/** Neighbouring slots of one owner as one run, ascending. O(slots). */
export function ownersOf(map: Slots): SlotRun[] {
  const runs: { from: number; to: number; id: string }[] = [];
  for (let slot = 0; slot < map.count; slot++) {
    const { id } = map.owner(slot);
    const last = runs.at(-1);
    if (last?.id === id) last.to = slot;
    else runs.push({ from: slot, to: slot, id });
  }
  return runs;
}
