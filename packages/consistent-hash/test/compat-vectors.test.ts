import { describe, expect, it } from 'vitest';
import { ketama } from '../src/compat/ketama.ts';
import { nginxConsistent } from '../src/compat/nginx.ts';
import type { ForeignRing } from '../src/compat/foreign-ring.ts';
import libmemcached from './vectors/libmemcached-ketama-11111-11311.json' with { type: 'json' };
import nginx from './vectors/nginx-chash-equal.json' with { type: 'json' };
import twemproxy from './vectors/twemproxy-ketama-fnv1a_64-11111.json' with { type: 'json' };

describe('the owners that the programs themselves chose', () => {
  it.each<[string, ForeignRing, { keys: string[]; server: number[] }]>([
    ['nginx', nginxConsistent(nginx.servers.map(({ name }) => name)), nginx],
    [
      'libmemcached',
      ketama(
        libmemcached.servers.map(({ host, port, weight }) => ({ id: `${host}:${port}`, weight })),
        { flavour: 'libmemcached' },
      ),
      libmemcached,
    ],
    [
      'twemproxy',
      ketama(
        twemproxy.servers.map(({ name, weight }) => ({ id: name, weight })),
        { flavour: 'twemproxy' },
      ),
      twemproxy,
    ],
  ])('%s', (_, ring, { keys, server }) => {
    const ids = ring.nodes.map(({ id }) => id);
    expect(keys.map((key) => ids.indexOf(ring.locate(key).id))).toEqual(server);
    expect(keys).toHaveLength(10_000);
  });
});

it.each<[ForeignRing, string]>([
  [nginxConsistent(['a', { id: 'b', weight: 2, zone: 'z' }]), '086ea63292bcee73'],
  [ketama(['a', 'b'], { flavour: 'libketama' }), 'a8e9e82df9fc02c7'],
  [ketama(['a', 'b'], { flavour: 'libmemcached' }), 'ff6841d4d819e8c9'],
  [ketama(['a', 'b'], { flavour: 'libmemcached-weighted' }), '275edf864b1b30bf'],
  [ketama(['a', 'b'], { flavour: 'libmemcached-spy' }), 'b5d1154c1323f233'],
  [ketama(['a', 'b'], { flavour: 'twemproxy' }), '45918338221d6b63'],
])('the fingerprint of $kind is frozen', (ring, fingerprint) => {
  expect(ring.fingerprint).toBe(fingerprint);
});
