/**
 * The contest of highest random weight: every node draws a number from the key, the best draw owns it.
 *
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (IEEE/ACM Transactions on
 * Networking, 1998). With weights, node i scores `-ln(u_i) / w_i` for a uniform u_i and the smallest score wins: the
 * smallest of exponential variables falls to each in proportion to its rate, here the weight. A draw depends on one
 * node and the key alone, so a change of one node can only move keys to or from that node.
 *
 * We depart in one way: nodes are grouped by weight. Inside a group the logarithm decides nothing, the draws are
 * compared as integers, and one logarithm a group is left instead of one a node. It also means that equal weights
 * never depend on the last bit of `Math.log`, which ECMAScript leaves open; unequal ones do only if two scores lie
 * within one unit in the last place.
 *
 * The order of a contest serves every algorithm that has an owner but no successors of its own (memento, Maglev,
 * slots): there the owner comes first and the rest follow by score.
 */
import { mix } from './mix32.ts';
import { identityOf } from './nodes.ts';
import type { Node } from './types.ts';

/** The nodes as numbers, group after group; inside a group by rank. */
export interface Contest {
  readonly ranks: Uint32Array;
  /** 64-bit identities, in the order of `ranks`. */
  readonly a: Uint32Array;
  readonly b: Uint32Array;
  /** Of each group: its weight, and where it ends in `ranks`. */
  readonly weights: Float64Array;
  readonly ends: Uint32Array;
}

/** The contest of sorted nodes. O(N log N). */
export function buildContest(nodes: readonly Node[], seed: number): Contest {
  // Stable: inside a group ranks ascend, and the first of two equal draws is the smaller id.
  const order = nodes.map((_, rank) => rank).sort((x, y) => nodes[x]!.weight - nodes[y]!.weight);
  const identities = order.map((rank) => identityOf(nodes[rank]!.id, seed));
  const ends = order.flatMap((rank, i) => {
    const next = order[i + 1];
    return next !== undefined && nodes[next]!.weight === nodes[rank]!.weight ? [] : [i + 1];
  });
  return {
    ranks: Uint32Array.from(order),
    a: Uint32Array.from(identities, ({ a }) => a),
    b: Uint32Array.from(identities, ({ b }) => b),
    weights: Float64Array.from(ends, (end) => nodes[order[end - 1]!]!.weight),
    ends: Uint32Array.from(ends),
  };
}

/** Smaller is better. Half a step keeps the uniform number away from 0 and 1; a weight below 1e-307 scores Infinity. */
const scoreOf = (draw: number, weight: number): number => -Math.log((draw + 0.5) / 2 ** 32) / weight;

/** The rank of the winner for a hash. O(N); allocates nothing. */
export function winnerOf({ ranks, a, b, weights, ends }: Contest, hash: number): number {
  const groups = ends.length;
  let winner = -1;
  let best = Infinity;
  let i = 0;
  for (let group = 0; group < groups; group++) {
    const end = ends[group] as number;
    let draw = -1;
    let drawer = -1;
    for (; i < end; i++) {
      const drawn = mix(hash, a[i] as number, b[i] as number) >>> 0;
      if (drawn > draw) {
        draw = drawn;
        drawer = i;
      }
    }
    const rank = ranks[drawer] as number;
    if (groups === 1) return rank;
    const score = scoreOf(draw, weights[group] as number);
    if (winner < 0 || score < best || (score === best && rank < winner)) {
      best = score;
      winner = rank;
    }
  }
  return winner;
}

/** All ranks for a hash, the winner first. O(N log N). */
export function standingsOf({ ranks, a, b, weights, ends }: Contest, hash: number): number[] {
  const draws: { rank: number; draw: number; group: number; score: number }[] = [];
  for (let i = 0, group = 0; i < ranks.length; i++) {
    if (i === ends[group]) group++;
    const draw = mix(hash, a[i]!, b[i]!) >>> 0;
    const score = ends.length === 1 ? 0 : scoreOf(draw, weights[group]!);
    draws.push({ rank: ranks[i]!, draw, group, score });
  }
  draws.sort((x, y) => (x.group === y.group ? y.draw - x.draw : x.score - y.score) || x.rank - y.rank);
  return draws.map(({ rank }) => rank);
}

/** A given owner, then all others by score. Lazy: whoever takes only the owner pays for no contest. */
export function* ownerFirst<T>(
  owner: number,
  hash: number,
  nodes: readonly Node<T>[],
  contest: () => Contest,
): Generator<Node<T>> {
  yield nodes[owner]!;
  for (const rank of standingsOf(contest(), hash)) if (rank !== owner) yield nodes[rank]!;
}
