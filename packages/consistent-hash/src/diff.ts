/**
 * `diff`: exactly which keys change their owner between two placements.
 *
 * Both sides are lists of intervals of the same hash space, so one merge of the two lists compares them completely: a
 * key's owner changes if and only if its hash lies in a listed move. Whoever migrates data can turn a move into a
 * query (`WHERE hash BETWEEN start AND end`), and whoever reviews a change sees its cost before it happens.
 *
 * It needs both sides to hash a key to the same place, and refuses others instead of comparing the incomparable.
 */
import { requireSameHash } from './same-hash.ts';
import type { HashRange, Ranged } from './types.ts';

/** An interval of the hash space, both ends included, that changes its owner. */
export interface RangeMove {
  readonly from: string;
  readonly to: string;
  readonly start: number;
  readonly end: number;
  /** Fraction of the hash space, exact. */
  readonly share: number;
}

const HASH_MAX = 0xffffffff;

/**
 * The moves from `before` to `after`: disjoint, ascending, neighbours with equal ends joined. O(ranges of both).
 *
 * @throws {PlacementError} HASH_MISMATCH when the two differ in hash or seed
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { diff, ring } from '@loadbearing/consistent-hash';
 * const before = ring(['a', 'b', 'c']);
 * const moves = diff(before, before.with('d'));
 * assert.ok(moves.every(({ to }) => to === 'd'));
 * ```
 */
export function diff<A, B>(before: Ranged<A>, after: Ranged<B>): RangeMove[] {
  requireSameHash(before, after);
  const moves: RangeMove[] = [];
  const olds = before.ranges()[Symbol.iterator]();
  const news = after.ranges()[Symbol.iterator]();
  let old = olds.next().value as HashRange<A>;
  let now = news.next().value as HashRange<B>;
  let open: { from: string; to: string; start: number; end: number } | undefined;
  const close = (): void => {
    if (open !== undefined) moves.push({ ...open, share: (open.end - open.start + 1) / 2 ** 32 });
    open = undefined;
  };
  for (let start = 0; start <= HASH_MAX;) {
    const end = Math.min(old.end, now.end);
    const from = old.node.id;
    const to = now.node.id;
    if (open?.from === from && open.to === to) {
      open.end = end;
    } else {
      close();
      if (from !== to) open = { from, to, start, end };
    }
    start = end + 1;
    if (start > HASH_MAX) break;
    if (old.end < start) old = olds.next().value as HashRange<A>;
    if (now.end < start) now = news.next().value as HashRange<B>;
  }
  close();
  return moves;
}
