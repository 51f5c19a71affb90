/**
 * What `golden.json` freezes, computed from this version. A case is data, a maker with its arguments and the changes
 * after it, so that it can cross into a browser as JSON and be computed there by the published files.
 */
import * as makers from '../src/index.ts';
import { xxh32 } from '../src/index.ts';
import type { NodeInput, Placement } from '../src/index.ts';
import { eachPoint } from '../src/point-table.ts';
import { RingSnapshot } from '../src/ring-snapshot.ts';

export interface GoldenInput {
  readonly maker: 'ring' | 'rendezvous' | 'memento' | 'maglev' | 'slots';
  readonly nodes: readonly NodeInput[];
  readonly options?: Readonly<Record<string, number>>;
  /** Methods that each return the next placement. */
  readonly then?: readonly (readonly [method: string, ...args: unknown[]])[];
}

export interface GoldenCase {
  fingerprint: string;
  /** Of a ring, all points and the ranks of their owners where there are few, else the xxh32 of that text. */
  points?: string;
  /** Indices into the sorted nodes of the owners of 1000 keys, and of the second and third choice of the first 100. */
  owners: string;
  replicas: string;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${String(i)}:6379`);

const mixed: readonly NodeInput[] = [
  { id: 'żółw', weight: 2.5, zone: 'x' },
  { id: 'small', weight: 0.001, zone: 'y' },
  { id: '😀', zone: 'y' },
  { id: 'B', zone: 'x' },
  'a',
];

const changes = [
  ['without', 'node-3:6379'],
  ['with', 'node-10:6379'],
  ['reweight', 'node-0:6379', 2],
] as const;

export const goldenInputs: Readonly<Record<string, GoldenInput>> = {
  'a, b, c': { maker: 'ring', nodes: ['a', 'b', 'c'] },
  '4 nodes x 8 points': { maker: 'ring', nodes: numbered(4), options: { vnodes: 8 } },
  'weights and zones': { maker: 'ring', nodes: mixed, options: { vnodes: 100 } },
  'a seed': { maker: 'ring', nodes: numbered(10), options: { seed: 0xdeadbeef, vnodes: 160 } },
  '100 nodes': { maker: 'ring', nodes: numbered(100) },
  'after changes': { maker: 'ring', nodes: numbered(10), then: changes },
  rendezvous: { maker: 'rendezvous', nodes: numbered(10) },
  'rendezvous with weights and zones': { maker: 'rendezvous', nodes: mixed, options: { seed: 7 } },
  memento: { maker: 'memento', nodes: numbered(10) },
  'memento after changes': {
    maker: 'memento',
    nodes: numbered(10),
    then: [...['5', '9', '2', '7'].map((i) => ['without', `node-${i}:6379`] as const), ['with', 'node-10:6379']],
  },
  maglev: { maker: 'maglev', nodes: numbered(10) },
  'maglev with weights and zones': { maker: 'maglev', nodes: mixed, options: { size: 5003, seed: 0xffffffff } },
  slots: { maker: 'slots', nodes: numbered(10) },
  'slots after changes': { maker: 'slots', nodes: numbered(10), options: { count: 1000 }, then: changes },
  'slots with weights and zones': { maker: 'slots', nodes: mixed, options: { count: 512 } },
};

/** ASCII, beyond ASCII, and longer than one stripe of the hash. */
export const goldenKeys: readonly string[] = Array.from({ length: 1000 }, (_, i) =>
  i % 3 === 0 ? String(i) : i % 3 === 1 ? `użytkownik:${String(i)}` : `/a/longer/path/of/a/file/${String(i)}.html`,
);

function build({ maker, nodes, options = {}, then = [] }: GoldenInput): Placement {
  let placement: Placement = makers[maker](nodes, options);
  for (const [method, ...args] of then) {
    placement = (placement as unknown as Record<string, (...args: unknown[]) => Placement>)[method]!(...args);
  }
  return placement;
}

function pointsOf(built: Placement): { points?: string } {
  if (!(built instanceof RingSnapshot)) return {};
  const points: string[] = [];
  eachPoint(built.table, (point, owner) => points.push(`${String(point)} ${String(owner)}`));
  const text = points.join(',');
  return { points: points.length <= 50 ? text : `xxh32 ${String(xxh32.hash(text, 0))}` };
}

export function goldenCase(input: GoldenInput): GoldenCase {
  const built = build(input);
  const rank = new Map(built.nodes.map(({ id }, i) => [id, i]));
  return {
    fingerprint: built.fingerprint,
    ...pointsOf(built),
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
