/**
 * The gapped point table: the successor of a hash among sorted points, in about one cache line.
 *
 * The idea is a hash table that keeps its order. Points are uniform, so a point's place among 2n cells is nearly its
 * value: `home(p) = floor(p * scale)`. In sorted order each point goes to `max(home(p), previous cell + 1)`, a cell
 * that stays free holds a copy of the next point, and the cells behind the last point hold (2^32 - 1, owner of the
 * first point), which is the wrap-around. The owner of h is then found by walking right from `home(h)` to the first
 * cell with a point >= h.
 *
 * Why that is right: `home` is monotone, so no point >= h lies left of `home(h)`; points ascend over the cells, so the
 * first one >= h is the successor; and the tail stops every walk. `home` must be the same expression at build and
 * lookup, or the first reason fails.
 *
 * Why it is fast: there is no index beside the table. A bucket index needs two misses in a large ring, binary search
 * about twenty. The cost is 12 bytes a point, and that equally distributed points are taken for granted: if all fell
 * into one home cell the walk would be linear, though still right.
 *
 * Points are sorted by (point, rank of the owner), and a pair occurs once. Of nodes that collide in a point the one
 * with the smallest id owns it and the others stay recorded behind it, so removing one never takes the other's point.
 */

/** Owners are ranks of nodes; two bytes are enough for 65,535 nodes. */
export type Owners = Uint16Array | Uint32Array;

/** Sorted by (point, owner), pairs different. The first `size` elements count. */
export interface SortedPoints {
  readonly size: number;
  readonly points: Uint32Array;
  readonly owners: Uint32Array;
}

export interface PointTable {
  /** Points, copies not counted. */
  readonly size: number;
  readonly scale: number;
  readonly points: Uint32Array;
  readonly owners: Owners;
}

/** Largest number of points: 2^24 cells and their doubles are exact in the arithmetic of `home`. */
export const POINTS_MAX: number = 2 ** 24;

const HASH_MAX = 0xffffffff;
const RANK_RANGE = 2 ** 20;
const NARROW_NODES_MAX = 65_535;

/** `| 0` is floor here: scale * 2^32 is at most 2^25. */
const homeOf = (hash: number, scale: number): number => (hash * scale) | 0;

/**
 * Sorts points with their owners. A point and a rank of 20 bits share one double, so that the native sort of a
 * Float64Array does the work without calling a comparison. O(n log n).
 *
 * @param fill calls `add(point, rank)` `count` times
 */
export function sortPoints(count: number, fill: (add: (point: number, rank: number) => void) => void): SortedPoints {
  const packed = new Float64Array(count);
  let filled = 0;
  fill((point, rank) => {
    packed[filled++] = point * RANK_RANGE + rank;
  });
  packed.sort();
  const points = new Uint32Array(count);
  const owners = new Uint32Array(count);
  let size = 0;
  for (let i = 0; i < count; i++) {
    const pair = packed[i] as number;
    if (pair === packed[i - 1]) continue;
    const point = Math.floor(pair / RANK_RANGE);
    points[size] = point;
    owners[size++] = pair - point * RANK_RANGE;
  }
  return { size, points, owners };
}

/** Spreads sorted points over the cells of a table. At least one point. O(n). */
export function buildTable({ size, points, owners }: SortedPoints, nodes: number): PointTable {
  const scale = (2 * size) / 2 ** 32;
  let last = -1;
  for (let i = 0; i < size; i++) {
    const home = homeOf(points[i] as number, scale);
    last = home > last ? home : last + 1;
  }
  // The hash 2^32 - 1 starts at cell 2 * size - 1, and behind the last point there must be a tail.
  const cellCount = Math.max(2 * size, last + 2);
  const cellPoints = new Uint32Array(cellCount);
  const cellOwners = new (nodes <= NARROW_NODES_MAX ? Uint16Array : Uint32Array)(cellCount);
  let next = 0;
  for (let i = 0; i < size; i++) {
    const point = points[i] as number;
    const owner = owners[i] as number;
    const home = homeOf(point, scale);
    do {
      cellPoints[next] = point;
      cellOwners[next++] = owner;
    } while (next <= home);
  }
  cellPoints.fill(HASH_MAX, next);
  cellOwners.fill(owners[0] as number, next);
  return { size, scale, points: cellPoints, owners: cellOwners };
}

/** The cell of the first point >= hash, or a cell of the tail. O(1) expected; allocates nothing. */
export function cellOf(table: PointTable, hash: number): number {
  const { points } = table;
  // The tail keeps every read in range.
  let cell = homeOf(hash, table.scale);
  while ((points[cell] as number) < hash) cell++;
  return cell;
}

/** The rank of the owner of a hash. O(1) expected; allocates nothing. */
export function ownerOf(table: PointTable, hash: number): number {
  return table.owners[cellOf(table, hash)] as number;
}

/** Calls `visit` for each point in sorted order, copies and tail skipped. O(n). */
export function eachPoint(table: PointTable, visit: (point: number, owner: number) => void): void {
  let left = table.size;
  let point = -1;
  let owner = -1;
  for (let cell = 0; left > 0; cell++) {
    const p = table.points[cell] as number;
    const o = table.owners[cell] as number;
    if (p === point && o === owner) continue;
    point = p;
    owner = o;
    left--;
    visit(p, o);
  }
}

/**
 * The table with other owners: every point of rank r goes to `renamed[r]`, or away when that is negative, and the
 * `added` points come in. `renamed` must keep the order of the ranks it keeps. Equal, cell by cell, to a table built
 * from scratch. O(n), without sorting.
 */
export function replacePoints(table: PointTable, nodes: number, renamed: Int32Array, added: SortedPoints): PointTable {
  const { points: oldPoints, owners: oldOwners } = table;
  const { size: addedSize, points: addedPoints, owners: addedOwners } = added;
  const points = new Uint32Array(table.size + addedSize);
  const owners = new Uint32Array(points.length);
  let size = 0;
  let next = 0;
  let point = -1;
  let was = -1;
  for (let cell = 0, left = table.size; left > 0; cell++) {
    // eachPoint, written out to save a call for each point.
    if (oldPoints[cell] === point && oldOwners[cell] === was) continue;
    point = oldPoints[cell] as number;
    was = oldOwners[cell] as number;
    left--;
    const owner = renamed[was] as number;
    if (owner < 0) continue;
    for (; next < addedSize; next++) {
      const candidate = addedPoints[next] as number;
      if (candidate > point || (candidate === point && (addedOwners[next] as number) > owner)) break;
      points[size] = candidate;
      owners[size++] = addedOwners[next] as number;
    }
    points[size] = point;
    owners[size++] = owner;
  }
  for (; next < addedSize; next++) {
    points[size] = addedPoints[next] as number;
    owners[size++] = addedOwners[next] as number;
  }
  return buildTable({ size, points, owners }, nodes);
}

/** Different owners in the order in which a walk from `hash` meets them, around the ring once. Lazy. */
export function* walkOwners(table: PointTable, hash: number, nodes: number): Generator<number> {
  const { owners } = table;
  const seen = new Set<number>();
  const first = cellOf(table, hash);
  for (let step = 0; step < owners.length && seen.size < nodes; step++) {
    const cell = first + step;
    const owner = owners[cell < owners.length ? cell : cell - owners.length] as number;
    if (seen.has(owner)) continue;
    seen.add(owner);
    yield owner;
  }
}

/** The intervals of the hash space by owner, ascending, neighbours of one owner joined. Lazy; O(n) in all. */
export function* ownerRanges(table: PointTable): Generator<{ start: number; end: number; owner: number }> {
  const { points, owners } = table;
  let start = 0;
  let end = -1;
  let owner = owners[0] as number;
  for (let cell = 0; cell < points.length && end < HASH_MAX; cell++) {
    const point = points[cell] as number;
    // A point met before: a copy, or a node with a larger id that collides and owns nothing here.
    if (point === end) continue;
    if (owners[cell] !== owner) {
      yield { start, end, owner };
      start = end + 1;
      owner = owners[cell] as number;
    }
    end = point;
  }
  yield { start, end, owner };
}
