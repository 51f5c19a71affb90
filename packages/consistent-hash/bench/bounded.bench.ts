/**
 * What a bound of load costs and buys: 1,000,000 keys placed on 100 nodes one after the other. Probes are the nodes
 * asked for each key, 1 where the owner has room; the load is that of the fullest node over the mean. No randomness, so
 * the figures are exact.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { bounded, ring } from '@loadbearing/consistent-hash';
import type { Placement } from '@loadbearing/consistent-hash';
import { servers } from './workload.ts';

const KEYS = 1_000_000;

interface Placed {
  readonly probes: number;
  readonly peakOverMean: number;
}

/** @param take the node that a key is put on */
function placeAll(placement: Placement, take: (key: string) => string): Placed {
  const loads = new Map(placement.nodes.map(({ id }) => [id, 0]));
  let probes = 0;
  for (let i = 0; i < KEYS; i++) {
    const key = `user:${i}`;
    const id = take(key);
    loads.set(id, loads.get(id)! + 1);
    for (const node of placement.locate(key).id === id ? [{ id }] : placement.preference(key)) {
      probes++;
      if (node.id === id) break;
    }
  }
  return { probes: probes / KEYS, peakOverMean: Math.max(...loads.values()) / (KEYS / loads.size) };
}

interface Case {
  readonly name: string;
  readonly figure: keyof Placed;
}

const withBound =
  (c: number) =>
  ({ figure }: Case) => {
    const placement = ring(servers(100));
    const b = bounded(placement, { c });
    const placed = placeAll(placement, (key) => b.acquire(key).node.id);
    const check = (): void => {
      if (b.total !== KEYS || placed.peakOverMean > c + 1e-4) throw new Error(`the bound ${c} does not hold`);
    };
    return { value: placed[figure], check };
  };

const cases: readonly Case[] = [
  { name: 'probes a key', figure: 'probes' },
  { name: 'fullest node over the mean', figure: 'peakOverMean' },
];

export default defineBench({
  topic: 'bounded',
  title: '100 nodes',
  rival: 'the owner always',
  kind: 'value',
  cases,
  contenders: {
    'bounded, c = 1.1': withBound(1.1),
    'the owner always': ({ figure }) => {
      const placement = ring(servers(100));
      return { value: placeAll(placement, (key) => placement.locate(key).id)[figure] };
    },
    'bounded, c = 1.05': withBound(1.05),
    'bounded, c = 1.25': withBound(1.25),
  },
});
