/**
 * `slots`: a fixed number of slots and a table that says which node owns which.
 *
 * The idea is Redis Cluster's, with this package's hash: a key belongs to a slot for ever, and only the owner of a slot
 * changes. So whoever moves data moves whole slots, a few thousand names that can be listed, planned (`plan`), carried
 * out one by one (`assign`) and audited, instead of ranges that appear with each change. Balance is a matter of
 * counting: no node is off its share by more than a slot.
 *
 * What it costs: the table is state that all processes must share, where a ring follows from its nodes alone.
 * This file is the door: makers and their checks. slots-snapshot.ts is the map, plan.ts decides what moves.
 */
import { refuse, requireInteger } from './errors.ts';
import { proved, readPlacement, requireField } from './json.ts';
import type { FromJSONOptions } from './json.ts';
import { rankOf, requireHashOptions, toNodes } from './nodes.ts';
import { goalsOf, requireCount } from './plan.ts';
import { ownersFor, SlotsSnapshot } from './slots-snapshot.ts';
import type { SlotOwners, Slots } from './slots-snapshot.ts';
import type { HashOptions, Node, NodeInput, PlacementJSON } from './types.ts';

export interface SlotsOptions extends HashOptions {
  /** An integer from the number of nodes to 2^20, for good: another count is another place for every key. Default 16384. */
  readonly count?: number | undefined;
  /** Runs of slots, ascending, that cover all. A node may own none. Default: one run each, in the order of ids. */
  readonly owners?: readonly SlotOwners[] | undefined;
}

const COUNT_DEFAULT = 16_384;

/** One run for each node, as long as its share. */
function runsOf(nodes: readonly Node[], count: number): SlotOwners[] {
  let from = 0;
  return goalsOf(
    nodes,
    count,
    nodes.map(() => 0),
  ).flatMap((goal, i) => (goal === 0 ? [] : [{ from, to: (from += goal) - 1, id: nodes[i]!.id }]));
}

/**
 * A slot map of nodes. O(count + N log N); `locate` is O(1), whatever the number of nodes.
 *
 * @throws {PlacementError} NO_NODES, BAD_ID, DUPLICATE_ID, BAD_WEIGHT; BAD_OPTION, also for fewer slots than nodes and
 * for `owners` that leave a slot out or name one twice; UNKNOWN_NODE when they name a node that is not there
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { plan, slots } from '@loadbearing/consistent-hash';
 * const before = slots(['db-1', 'db-2'], { count: 1024 });
 * const after = before.with('db-3');
 * assert.equal(after.slotsOf('db-3').length, 341);
 * assert.equal(plan(after, ['db-1', 'db-2', 'db-3']).length, 0);
 * ```
 */
export function slots<T = unknown>(inputs: Iterable<NodeInput<T>>, options: SlotsOptions = {}): Slots<T> {
  const { hash, seed } = requireHashOptions(options);
  const nodes = toNodes(inputs);
  const count = requireCount(options.count ?? COUNT_DEFAULT, nodes);
  const runs: unknown = options.owners ?? runsOf(nodes, count);
  const owners = ownersFor(nodes, count);
  let next = 0;
  for (const run of Array.isArray(runs) ? runs : []) {
    const { from, to, id } = Object(run) as SlotOwners;
    if (from !== next) refuse('BAD_OPTION', `from of the run of owners that begins at slot ${next}`, `${next}`, from);
    next = requireInteger('to of a run of owners', to, from, count - 1) + 1;
    owners.fill(rankOf(nodes, id), from, next);
  }
  if (next !== count) refuse('BAD_OPTION', 'owners', `runs { from, to, id } that cover 0..${count - 1}`, runs);
  return new SlotsSnapshot(nodes, hash, seed, owners);
}

/**
 * The slot map that `toJSON` described, proved by its fingerprint. Same cost as `slots`.
 *
 * @throws {PlacementError} BAD_JSON when it is no slot map of version 1 or its content does not give its fingerprint;
 * HASH_MISMATCH when it names a hash that is neither xxh32 nor in `hashes`; what `slots` throws for its nodes, count
 * and owners
 */
export function slotsFromJSON<T = undefined>(json: PlacementJSON, options: FromJSONOptions<T> = {}): Slots<T> {
  const { fields, nodes, hash, seed } = readPlacement('slots', json, options);
  const count = requireField(fields, 'count', 'number');
  const owners = requireField(fields, 'owners', 'array') as SlotOwners[];
  return proved(slots<T>(nodes, { hash, seed, count, owners }), fields);
}

export { plan } from './plan.ts';
export type { PlanOptions, SlotMove, SlotTable } from './plan.ts';
export type { SlotOwners, Slots, SlotsJSON } from './slots-snapshot.ts';
export type { FromJSONOptions } from './json.ts';
export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
