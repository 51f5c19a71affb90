/**
 * The document: everything that a migration has to remember, in one place, behind one compare-and-set.
 *
 * It holds the map that routers follow, the nodes it is to be spread over (`goal`), and the copies that nobody may read
 * any more (`garbage`). Every change, by whomever, is the next epoch; a store accepts it only if nobody else was
 * first. So there is no lock and no leader to elect, and whoever was paused finds out when it saves.
 *
 * What a store returns is checked whole before it is believed. The check that garbage never names the owner of a slot
 * is the one that stands between an edited document and lost data.
 */
import { PlacementError, requireInteger, shown } from '../errors.ts';
import { badJSON, requireField } from '../json.ts';
import { nodesToJSON, toNodes } from '../nodes.ts';
import { slotsFromJSON } from '../slots.ts';
import type { Slots } from '../slots.ts';
import type { KeyHash, Node, NodeInput, NodeSpec, PlacementJSON } from '../types.ts';

/** A copy of a slot that is to be removed from a shard that does not own it. */
export interface Garbage {
  readonly slot: number;
  readonly id: string;
}

/** What a store keeps, as JSON. */
export interface SlotMapDocument {
  /** From 1, one more with each change. */
  readonly epoch: number;
  readonly slots: PlacementJSON;
  /** The nodes that the slots are to be spread over; null when they are. */
  readonly goal: readonly NodeSpec<undefined>[] | null;
  readonly garbage: readonly Garbage[];
}

/** One document, durable. Every call has to settle; one that rejects leaves its outcome open. */
export interface SlotMapStore {
  load(): Promise<SlotMapDocument | undefined>;
  /** Stores `next` only if the stored epoch is `next.epoch - 1`, nothing stored counting as 0; says whether it did. */
  save(next: SlotMapDocument): Promise<boolean>;
}

/** A document that was read and found to make sense. */
export interface SlotMap {
  readonly epoch: number;
  readonly slots: Slots<undefined>;
  readonly goal: readonly Node<undefined>[] | null;
  readonly garbage: readonly Garbage[];
}

/** Races lost in a row before one gives up: someone else changes the map all the time, and should be left to it. */
export const RACES_MAX = 16;

/** Throws PlacementError BAD_JSON; HASH_MISMATCH for a hash that is neither xxh32 nor in `hashes`; as `toNodes` does. */
export function readDocument(document: SlotMapDocument, hashes: readonly KeyHash[]): SlotMap {
  const fields = Object(document) as Record<string, unknown>;
  const epoch = requireField(fields, 'epoch', 'number');
  if (!Number.isSafeInteger(epoch) || epoch < 1) {
    throw badJSON(`epoch must be an integer of at least 1; got ${epoch}`);
  }
  const slots = slotsFromJSON(fields['slots'] as PlacementJSON, { hashes });
  const goal =
    fields['goal'] === null ? null : toNodes(requireField(fields, 'goal', 'array') as NodeInput<undefined>[]);
  const garbage = requireField(fields, 'garbage', 'array').map((given) => {
    const { slot, id } = Object(given) as { slot: number; id: unknown };
    const isSlot = Number.isInteger(slot) && slot >= 0 && slot < slots.count;
    if (isSlot && typeof id === 'string' && slots.owner(slot).id !== id) return { slot, id };
    throw badJSON(`garbage must name slots and nodes that do not own them; got ${shown(slot)} and ${shown(id)}`);
  });
  return { epoch, slots, goal, garbage };
}

export function toDocument({ epoch, slots, goal, garbage }: SlotMap): SlotMapDocument {
  return { epoch, slots: slots.toJSON(), goal: goal && nodesToJSON(goal), garbage };
}

/** Of the goal, and those of the map that are not in it. */
export function unionOf(goal: readonly Node<undefined>[], nodes: readonly Node<undefined>[]): Node<undefined>[] {
  const ids = new Set(goal.map(({ id }) => id));
  return [...goal, ...nodes.filter(({ id }) => !ids.has(id))];
}

export function noSlotMap(): PlacementError {
  return new PlacementError('BAD_OPTION', 'the store must hold a slot map (see initSlotMap); it is empty');
}

/** The map for movers and operators. Throws what `readDocument` throws, or BAD_OPTION when there is none. */
export async function loadSlotMap(store: SlotMapStore): Promise<SlotMap> {
  const document = await store.load();
  if (document === undefined) throw noSlotMap();
  // They hash no key, so they need no hash; only its name has to stay in the map.
  const { hash } = Object((Object(document) as Partial<SlotMapDocument>).slots) as Partial<PlacementJSON>;
  return readDocument(document, [{ name: String(hash), hash: () => 0 }]);
}

export function overtaken(): PlacementError {
  return new PlacementError('STALE_MOVE', `others changed the slot map first, ${RACES_MAX} times in a row`);
}

/** Stores the first map, as epoch 1. False when the store holds one already, which is then left alone. */
export function initSlotMap(store: SlotMapStore, first: Slots<undefined>): Promise<boolean> {
  return store.save(toDocument({ epoch: 1, slots: first, goal: null, garbage: [] }));
}

/**
 * Says which nodes the slots are to be spread over from now on; a mover's `run` does it. A goal that is not reached
 * yet is replaced, and what moved for it stays where it is if it may. Returns the new epoch.
 *
 * When it rejects because of the store, the goal may have been set or not; setting it again does no harm.
 *
 * @throws {PlacementError} NO_NODES, BAD_ID, DUPLICATE_ID, BAD_WEIGHT; BAD_OPTION when old and new nodes together are
 * more than slots, or the store is empty; BAD_JSON for a stored map that makes no sense; STALE_MOVE when others changed
 * the map 16 times meanwhile
 */
export async function setGoal(store: SlotMapStore, nodes: readonly NodeInput<undefined>[]): Promise<number> {
  const goal = toNodes(nodes);
  for (let race = 0; race < RACES_MAX; race++) {
    const map = await loadSlotMap(store);
    // While slots move, the map has the nodes of both.
    requireInteger('nodes in the map and the goal', unionOf(goal, map.slots.nodes).length, 1, map.slots.count);
    const epoch = map.epoch + 1;
    if (await store.save(toDocument({ ...map, epoch, goal }))) return epoch;
  }
  throw overtaken();
}
