/**
 * `plan`: which slots have to move so that every node holds its share, and in which order.
 *
 * The exact share of a node, count * weight / total, is seldom a whole number. A node gets its floor, and the slots
 * left over go one each to nodes with a fraction: first to those that hold more than their floor already, then by the
 * larger fraction, then by id. Each slot left where it is saves one move, so no other rounding of all shares up or down
 * needs fewer moves. It is the largest remainder method (Hamilton's), with what is there already going first.
 *
 * A move goes from the node furthest above its goal to the one furthest below, ties by id, and gives the highest slot.
 * Nodes that are not wanted any more come before all others. So each prefix of a plan is the best use of that many
 * moves, and since the next move depends on nothing but the table and the goals, and a move never changes the goals,
 * planning again after a prefix gives the rest of the plan. That is what lets a mover work in batches and forget.
 */
import { requireInteger } from './errors.ts';
import { sharesOf, toNodes } from './nodes.ts';
import type { Node, NodeInput } from './types.ts';

export interface SlotMove {
  readonly slot: number;
  /** Id of the owner. */
  readonly from: string;
  /** Id of the owner to be. */
  readonly to: string;
}

/** What a plan begins with: a slot map, as far as it is needed. */
export interface SlotTable {
  readonly count: number;
  owner(slot: number): { readonly id: string };
}

export interface PlanOptions {
  /** Length of the plan at most, an integer of at least 0. Default: all moves. */
  readonly maxMoves?: number | undefined;
}

/** Largest number of slots. A hash times it is below 2^52, so the arithmetic of slots is exact in a double. */
export const SLOTS_MAX: number = 2 ** 20;

/** What is nearer to a whole number is one: weights such as 0.1 are not exact. */
const TOLERANCE = 1e-9;

/** Throws PlacementError BAD_OPTION unless there is a slot for each node. */
export function requireCount(count: number, nodes: readonly Node[]): number {
  return requireInteger('count', count, nodes.length, SLOTS_MAX);
}

/** How many slots each node is to have. O(N log N). @param held how many it has */
export function goalsOf(nodes: readonly Node[], count: number, held: readonly number[]): number[] {
  const shares = sharesOf(nodes).map((share) => count * share);
  const goals = shares.map((share) => Math.floor(share + TOLERANCE));
  const fractions = shares.map((share, i) => share - goals[i]!);
  const isAbove = (i: number): number => Number(held[i]! > goals[i]!);
  const spare = goals.reduce((left, goal) => left - goal, count);
  [...goals.keys()]
    .filter((i) => fractions[i]! > TOLERANCE)
    .sort((i, j) => isAbove(j) - isAbove(i) || fractions[j]! - fractions[i]! || i - j)
    .slice(0, spare)
    .forEach((i) => goals[i]!++);
  return goals;
}

/** The places in order of their turns: always the one with most left, the first of several. O(sum of excess). */
function turnsOf(excess: readonly number[]): number[] {
  const levels: number[][] = [];
  excess.forEach((most, i) => {
    for (let level = 0; level < most; level++) (levels[level] ??= []).push(i);
  });
  return levels.reverse().flat();
}

/** `plan` for nodes that are checked and sorted. Throws PlacementError BAD_OPTION for more nodes than slots. */
export function movesTo(current: SlotTable, target: readonly Node[]): SlotMove[] {
  const { count } = current;
  requireCount(count, target);
  const slots = new Map<string, number[]>();
  for (let slot = 0; slot < count; slot++) {
    const { id } = current.owner(slot);
    const held = slots.get(id);
    if (held === undefined) slots.set(id, [slot]);
    else held.push(slot);
  }
  const held = target.map(({ id }) => slots.get(id)?.length ?? 0);
  const goals = goalsOf(target, count, held);
  const wanted = new Map(target.map(({ id }, i) => [id, goals[i]!]));
  const donors = [...slots.keys()].sort();
  const surplus = donors.map((id) => slots.get(id)!.length - (wanted.get(id) ?? 0));
  const takers = turnsOf(goals.map((goal, i) => goal - held[i]!));
  return [
    ...turnsOf(surplus.map((most, i) => (wanted.has(donors[i]!) ? 0 : most))),
    ...turnsOf(surplus.map((most, i) => (wanted.has(donors[i]!) ? most : 0))),
  ].map((donor, i) => {
    const from = donors[donor]!;
    return { slot: slots.get(from)!.pop()!, from, to: target[takers[i]!]!.id };
  });
}

/**
 * The fewest moves after which each of the `target` nodes holds its share of the slots, rounded up or down, and no
 * other node holds any. Deterministic; each prefix is useful, and planning again after one gives the rest. O(count +
 * N log N).
 *
 * @throws {PlacementError} what `slots` throws for its nodes; BAD_OPTION for more nodes than slots or a bad `maxMoves`
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { plan, slots } from '@loadbearing/consistent-hash';
 * const three = slots(['a', 'b', 'c'], { count: 1024 });
 * const moves = plan(three, ['a', 'b', 'c', 'd']);
 * assert.equal(moves.length, 256);
 * assert.ok(moves.every(({ to }) => to === 'd'));
 * ```
 */
export function plan(current: SlotTable, target: Iterable<NodeInput>, options: PlanOptions = {}): SlotMove[] {
  const { maxMoves = SLOTS_MAX } = options;
  requireInteger('maxMoves', maxMoves, 0, 2 ** 53 - 1);
  return movesTo(current, toNodes(target)).slice(0, maxMoves);
}
