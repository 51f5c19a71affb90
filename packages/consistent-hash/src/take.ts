/**
 * n different nodes out of an order of preference: the one place for the rules of replicas.
 *
 * With `distinctBy: 'zone'` the first node of each zone comes first, in the key's order; when the zones run out
 * before n is reached, the nodes passed over follow, in the key's order too. So n <= Z nodes lie in n zones, fewer
 * zones degrade to fewer copies apart and never to fewer copies, and the answer for n begins the answer for n + 1.
 */
import { refuse, requireInteger } from './errors.ts';
import type { LocateOptions, Node } from './types.ts';

/** What fails together with a node: its zone, or the node alone. */
const zoneOf = (node: Node): unknown => node.zone ?? node;

/** Number of zones, a node without one counting as one. O(N). */
export function countZones(nodes: readonly Node[]): number {
  return new Set(nodes.map(zoneOf)).size;
}

function requireTake<T>(n: unknown, { distinctBy, exclude }: LocateOptions<T>): void {
  requireInteger('n', n, 0, 2 ** 53 - 1);
  const by: unknown = distinctBy;
  if (by !== undefined && by !== 'node' && by !== 'zone') refuse('BAD_OPTION', 'distinctBy', "'node' or 'zone'", by);
  const test: unknown = exclude;
  if (test !== undefined && typeof test !== 'function') refuse('BAD_OPTION', 'exclude', 'a function of a node', test);
}

/**
 * @param preference all nodes, each once
 * @param zones countZones of them: when each zone gave a node, looking further cannot bring another zone
 * @throws {PlacementError} BAD_OPTION for an n or options that make no sense
 */
export function take<T>(preference: Iterable<Node<T>>, zones: number, n: number, options: LocateOptions<T>): Node<T>[] {
  requireTake(n, options);
  const { distinctBy = 'node', exclude } = options;
  const taken: Node<T>[] = [];
  if (n === 0) return taken;
  const zonesTaken = new Set<unknown>();
  const passedOver: Node<T>[] = [];
  for (const node of preference) {
    if (exclude?.(node)) continue;
    if (distinctBy === 'zone' && zonesTaken.has(zoneOf(node))) {
      passedOver.push(node);
    } else {
      zonesTaken.add(zoneOf(node));
      taken.push(node);
    }
    if (taken.length === n) return taken;
    if (zonesTaken.size === zones && taken.length + passedOver.length >= n) break;
  }
  for (const node of passedOver) {
    if (taken.length === n) break;
    taken.push(node);
  }
  return taken;
}
