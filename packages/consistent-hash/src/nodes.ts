/**
 * Nodes as every placement keeps them: checked, frozen, sorted by id.
 *
 * Sorting here is what makes the order of insertion irrelevant everywhere else: an algorithm sees ranks 0..N - 1 in
 * the order of ids, and resolves ties by rank. The order is that of UTF-16 code units, JavaScript's `<` on strings;
 * it is part of the wire format, because ties are.
 *
 * Nothing is coerced. A weight of '2' or an id of 7 would work until another process read the same configuration
 * with its real type and disagreed about the owners.
 */
import { PlacementError, refuse, requireInteger, shown } from './errors.ts';
import type { HashOptions, KeyHash, Node, NodeInput, NodeJSON, NodeSpec } from './types.ts';
import { xxh32 } from './xxh32.ts';

/** Ranks are packed into 20 bits beside a 32-bit point (point-table.ts). */
export const NODES_MAX: number = 2 ** 20;

/** The second word of every 64-bit identity and fingerprint is hashed under a seed of its own. */
const SECOND_SEED = 0x9e3779b9;

const LONE_SURROGATE = /\p{Surrogate}/u;

function requireId(id: unknown): string {
  if (typeof id === 'string' && id !== '' && !LONE_SURROGATE.test(id)) return id;
  return refuse('BAD_ID', 'the id of a node', 'a non-empty string without lone surrogates', id);
}

function requireWeight(id: string, weight: unknown): number {
  if (typeof weight === 'number' && weight > 0 && weight < Infinity) return weight;
  return refuse('BAD_WEIGHT', `the weight of node ${shown(id)}`, 'a finite number above 0', weight);
}

function requireZone(id: string, zone: unknown): string | undefined {
  if (zone === undefined || (typeof zone === 'string' && zone !== '')) return zone;
  // '' is refused because it is what an unset variable looks like, and it would put all such nodes in one zone.
  return refuse('BAD_OPTION', `the zone of node ${shown(id)}`, 'a non-empty string or undefined', zone);
}

/** One node, checked and frozen. Throws PlacementError BAD_ID, BAD_WEIGHT or BAD_OPTION (zone). */
export function toNode<T>(input: NodeInput<T>): Node<T> {
  const given: unknown = input;
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null)) {
    refuse('BAD_ID', 'a node', 'an id or an object with an id', given);
  }
  const spec: NodeSpec<T> = typeof input === 'string' ? { id: input } : input;
  const id = requireId(spec.id);
  const weight = requireWeight(id, spec.weight ?? 1);
  return Object.freeze({ id, weight, zone: requireZone(id, spec.zone), data: spec.data });
}

/** All nodes, sorted by id. O(N log N). Throws what `toNode` throws, NO_NODES, DUPLICATE_ID or TOO_MANY_POINTS. */
export function toNodes<T>(inputs: Iterable<NodeInput<T>>): readonly Node<T>[] {
  const given: unknown = inputs;
  // A string is iterable too: ring('cache-a') would be a ring of the letters.
  if (typeof given !== 'object' || given === null || !(Symbol.iterator in given)) {
    return refuse('BAD_OPTION', 'nodes', 'a list of ids or node objects', given);
  }
  const nodes: Node<T>[] = [];
  for (const input of inputs) {
    if (nodes.length === NODES_MAX) throw tooManyNodes();
    nodes.push(toNode(input));
  }
  if (nodes.length === 0) throw new PlacementError('NO_NODES', 'a placement needs a node; got none');
  nodes.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  for (let i = 1; i < nodes.length; i++) {
    if (nodes[i - 1]!.id === nodes[i]!.id) throw duplicate(nodes[i]!.id);
  }
  return Object.freeze(nodes);
}

function tooManyNodes(): PlacementError {
  return new PlacementError('TOO_MANY_POINTS', `a placement has at most ${NODES_MAX} nodes; got more`);
}

function duplicate(id: string): PlacementError {
  return new PlacementError('DUPLICATE_ID', `ids must be unique; got ${shown(id)} twice`);
}

/** The place of an id in sorted nodes, or where it would have to stand. O(log N). */
function search(nodes: readonly Node[], id: string): number {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (nodes[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The rank of a node that must be there. Throws PlacementError UNKNOWN_NODE. O(log N). */
export function rankOf(nodes: readonly Node[], id: string): number {
  const rank = search(nodes, id);
  if (nodes[rank]?.id === id) return rank;
  throw new PlacementError('UNKNOWN_NODE', `there is no node ${shown(id)} among the ${nodes.length}`);
}

/** Sorted nodes after a change of one, and the rank that this one has or had. */
export interface Change<T> {
  readonly nodes: readonly Node<T>[];
  readonly rank: number;
}

/** One node more. O(N). Throws what `toNode` throws, DUPLICATE_ID or TOO_MANY_POINTS. */
export function withNode<T>(nodes: readonly Node<T>[], input: NodeInput<T>): Change<T> {
  const node = toNode(input);
  const rank = search(nodes, node.id);
  if (nodes[rank]?.id === node.id) throw duplicate(node.id);
  if (nodes.length === NODES_MAX) throw tooManyNodes();
  return { nodes: Object.freeze(nodes.toSpliced(rank, 0, node)), rank };
}

/** One node less. O(N). Throws PlacementError UNKNOWN_NODE, or NO_NODES for the last one. */
export function withoutNode<T>(nodes: readonly Node<T>[], id: string): Change<T> {
  const rank = rankOf(nodes, id);
  if (nodes.length === 1) {
    throw new PlacementError('NO_NODES', `a placement needs a node; ${shown(id)} is the last`);
  }
  return { nodes: Object.freeze(nodes.toSpliced(rank, 1)), rank };
}

/** One node with another weight. O(N). Throws PlacementError UNKNOWN_NODE or BAD_WEIGHT. */
export function reweightNode<T>(nodes: readonly Node<T>[], id: string, weight: number): Change<T> {
  const rank = rankOf(nodes, id);
  const node = Object.freeze({ ...nodes[rank]!, weight: requireWeight(id, weight) });
  return { nodes: Object.freeze(nodes.with(rank, node)), rank };
}

/** The part of each node in the sum of all weights. Measured by the heaviest, so that no sum overflows. O(N). */
export function sharesOf(nodes: readonly Node[]): number[] {
  const heaviest = nodes.reduce((most, { weight }) => Math.max(most, weight), 0);
  const total = nodes.reduce((sum, { weight }) => sum + weight / heaviest, 0);
  return nodes.map(({ weight }) => weight / heaviest / total);
}

/** Hash and seed with their defaults. Throws PlacementError BAD_OPTION. */
export function requireHashOptions(options: HashOptions): { hash: KeyHash; seed: number } {
  const hash = options.hash ?? xxh32;
  const { name, hash: call } = hash as { name?: unknown; hash?: unknown };
  if (typeof name !== 'string' || name === '' || typeof call !== 'function') {
    refuse('BAD_OPTION', 'hash', 'an object { name, hash(key, seed) }', hash);
  }
  const seed = requireInteger('seed', options.seed ?? 0, 0, 0xffffffff);
  return { hash, seed };
}

/** The 64-bit identity of a node, as two words. */
export function identityOf(id: string, seed: number): { a: number; b: number } {
  return { a: xxh32.hash(id, seed), b: xxh32.hash(id, (seed ^ SECOND_SEED) >>> 0) };
}

/** Nodes in JSON, with a fixed order of fields: the fingerprint is a hash of this text. */
export function nodesToJSON(nodes: readonly Node[]): readonly NodeJSON[] {
  return nodes.map(({ id, weight, zone }) => (zone === undefined ? { id, weight } : { id, weight, zone }));
}

/** 16 hex digits over the JSON text of what decides the owners. O(N). */
export function fingerprintOf(content: object): string {
  const text = JSON.stringify(content);
  const hex = (seed: number): string => xxh32.hash(text, seed).toString(16).padStart(8, '0');
  return hex(0) + hex(SECOND_SEED);
}
