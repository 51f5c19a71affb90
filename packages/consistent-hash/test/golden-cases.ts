/** What `golden.json` freezes, computed from this version. */
import { ring, xxh32 } from '../src/index.ts';
import type { Ring } from '../src/index.ts';
import { eachPoint } from '../src/point-table.ts';
import { RingSnapshot } from '../src/ring-snapshot.ts';

export interface GoldenCase {
  fingerprint: string;
  /** All points and the ids of their owners where there are few, else the xxh32 of that text. */
  points: string;
  /** Indices into the sorted nodes of the owners of 1000 keys, and of the second and third choice of the first 100. */
  owners: string;
  replicas: string;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${String(i)}:6379`);

const rings: Record<string, () => Ring> = {
  'a, b, c': () => ring(['a', 'b', 'c']),
  '4 nodes x 8 points': () => ring(numbered(4), { vnodes: 8 }),
  'weights and zones': () =>
    ring(
      [
        { id: 'żółw', weight: 2.5, zone: 'x' },
        { id: 'small', weight: 0.001, zone: 'y' },
        { id: '😀', zone: 'y' },
        { id: 'B', zone: 'x' },
        'a',
      ],
      { vnodes: 100 },
    ),
  'a seed': () => ring(numbered(10), { seed: 0xdeadbeef, vnodes: 160 }),
  '100 nodes': () => ring(numbered(100)),
  'after changes': () => ring(numbered(10)).without('node-3:6379').with('node-10:6379').reweight('node-0:6379', 2),
};

/** ASCII, beyond ASCII, and longer than one stripe of the hash. */
export const goldenKeys: readonly string[] = Array.from({ length: 1000 }, (_, i) =>
  i % 3 === 0 ? String(i) : i % 3 === 1 ? `użytkownik:${String(i)}` : `/a/longer/path/of/a/file/${String(i)}.html`,
);

function goldenCase(built: Ring): GoldenCase {
  const rank = new Map(built.nodes.map(({ id }, i) => [id, i]));
  const points: string[] = [];
  if (!(built instanceof RingSnapshot)) throw new TypeError('a ring is a RingSnapshot');
  eachPoint(built.table, (point, owner) => points.push(`${String(point)} ${String(owner)}`));
  const text = points.join(',');
  return {
    fingerprint: built.fingerprint,
    points: points.length <= 50 ? text : `xxh32 ${String(xxh32.hash(text, 0))}`,
    owners: goldenKeys.map((key) => rank.get(built.locate(key).id)).join(' '),
    replicas: goldenKeys
      .slice(0, 100)
      .map((key) =>
        built
          .locateN(key, 3, { distinctBy: 'zone' })
          .slice(1)
          .map(({ id }) => rank.get(id))
          .join('-'),
      )
      .join(' '),
  };
}

export const goldenCases: ReadonlyMap<string, () => GoldenCase> = new Map(
  Object.entries(rings).map(([name, make]) => [name, () => goldenCase(make())]),
);
