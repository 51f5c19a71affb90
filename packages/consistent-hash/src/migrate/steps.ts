/**
 * The steps of a migration as functions from map to map: what each of a mover's saves says.
 *
 * A batch is two saves. `claimed` announces it: the new epoch shuts out every other mover, the nodes to come enter the
 * map without owning anything, and the copies about to be made are garbage until they are more. `switched` ends it:
 * owners change, what was the copy is the slot, and what was the slot is garbage. Only this one is irrevocable. So
 * wherever a mover stops, the map says all that has to be cleared, and `plan` says what is left to move.
 */
import { plan } from '../plan.ts';
import { slots } from '../slots.ts';
import type { SlotMove, Slots } from '../slots.ts';
import type { Node } from '../types.ts';
import { unionOf } from './document.ts';
import type { Garbage, SlotMap } from './document.ts';

/** The next moves, none when the goal is reached. O(slots). */
export function nextMoves({ slots: current, goal }: SlotMap, batchSlots: number): SlotMove[] {
  return goal === null ? [] : plan(current, goal, { maxMoves: batchSlots });
}

/** The same owners among other nodes. */
function among(map: Slots<undefined>, nodes: readonly Node<undefined>[]): Slots<undefined> {
  const { hash, seed, count, owners } = map.toJSON();
  return slots(nodes, { hash: { name: hash, hash: () => 0 }, seed, count, owners });
}

const at = ({ slot, id }: Garbage): string => `${slot} ${id}`;

export function claimed(map: SlotMap, moves: readonly SlotMove[]): SlotMap {
  const copies = moves.map(({ slot, to }) => ({ slot, id: to }));
  const already = new Set(map.garbage.map(at));
  return {
    ...map,
    epoch: map.epoch + 1,
    slots: map.goal === null ? map.slots : among(map.slots, unionOf(map.goal, map.slots.nodes)),
    // Bounded also when mover after mover dies here: none is listed twice.
    garbage: [...map.garbage, ...copies.filter((copy) => !already.has(at(copy)))],
  };
}

/** @param kept the garbage of the map before `claimed`, as far as it is still there */
export function switched(map: SlotMap, moves: readonly SlotMove[], kept: readonly Garbage[]): SlotMap {
  const owned = new Set(moves.map(({ slot, to }) => at({ slot, id: to })));
  return {
    ...map,
    epoch: map.epoch + 1,
    slots: map.slots.assign(moves),
    // What a copy was made over is no garbage any more.
    garbage: [...kept.filter((old) => !owned.has(at(old))), ...moves.map(({ slot, from }) => ({ slot, id: from }))],
  };
}

/** The end: whoever is not in the goal owns nothing any more and leaves the map. */
export function finished(map: SlotMap): SlotMap {
  return {
    epoch: map.epoch + 1,
    slots: map.goal === null ? map.slots : among(map.slots, map.goal),
    goal: null,
    garbage: [],
  };
}
