/**
 * Where reads stop: the waterfall. Pure.
 *
 * Every answer carries the caches that it came through in `Cache-Status` (RFC 9211), the one nearest to the reader
 * last. So the layer that answered is the last member that says `hit`; a member that says `collapsed` waited for a
 * request already under way and asked for nothing itself, so the read stopped there too. With none of them, the
 * database answered. A stored answer brings the members of the day it was stored along, in front: they are not reached.
 */
export const layers = ['browser', 'edge', 'l1', 'l2', 'database'] as const;
export type Layer = (typeof layers)[number];

export const layerNames: Readonly<Record<Layer, string>> = {
  browser: 'browser',
  edge: 'edge',
  l1: 'app, level 1',
  l2: 'shared level 2',
  database: 'database',
};

export function stopOf(cacheStatus: string | null): Layer {
  const members = (cacheStatus ?? '').split(',');
  for (let i = members.length - 1; i >= 0; i--) {
    const [name = '', ...parameters] = members[i]!.split(';').map((part) => part.trim());
    if (parameters.includes('hit') || parameters.includes('collapsed')) return layerOf(name);
  }
  return 'database';
}

function layerOf(name: string): Layer {
  if (name.startsWith('app-')) return 'l1';
  return layers.find((layer) => layer === name) ?? 'database';
}

export interface Waterfall {
  readonly reads: number;
  readonly errors: number;
  readonly stops: Readonly<Record<Layer, number>>;
}

/** What each layer was asked, and which part of that it answered: it sees only what the layers above let through. */
export function asked({ reads, errors, stops }: Waterfall): Readonly<Record<Layer, { asked: number; ratio: number }>> {
  let left = reads - errors;
  const rows = layers.map((layer) => {
    const row = { asked: left, ratio: left === 0 ? 0 : stops[layer] / left };
    left -= stops[layer];
    return [layer, row] as const;
  });
  return Object.fromEntries(rows) as Record<Layer, { asked: number; ratio: number }>;
}

export const noStops = (): Record<Layer, number> => ({ browser: 0, edge: 0, l1: 0, l2: 0, database: 0 });
