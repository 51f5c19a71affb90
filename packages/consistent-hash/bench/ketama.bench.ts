/**
 * The owner of a key in a ketama ring, each time another one of 65,536. hashring makes the same points from the same
 * MD5; its cache is stubbed out, so that both compute the digest of each key.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { benchKeys, checkOwners, servers, withoutCache } from './workload.ts';

const keys = benchKeys();

function timed(locate: (key: string) => unknown, owner: (key: string) => string | undefined, nodes: string[]) {
  const run = (): unknown => {
    let last: unknown;
    for (const key of keys) last = locate(key);
    return last;
  };
  return { operations: keys.length, run, check: () => checkOwners(keys.map(owner), nodes) };
}

export default defineBench({
  topic: 'ketama',
  title: 'Owner of a key, ketama',
  rival: 'hashring without cache',
  kind: 'time',
  cases: [10, 100, 1000].map((count) => ({ name: `${count} servers`, count })),
  contenders: {
    'ketama (libmemcached-weighted)': async ({ count }) => {
      const { ketama } = await import('@loadbearing/consistent-hash/compat/ketama');
      const nodes = servers(count);
      const placement = ketama(nodes, { flavour: 'libmemcached-weighted' });
      return timed(
        (key) => placement.locate(key),
        (key) => placement.locate(key).id,
        nodes,
      );
    },
    'hashring without cache': async ({ count }) => {
      const { default: HashRing } = await import('hashring');
      const nodes = servers(count);
      const placement = withoutCache(new HashRing(nodes));
      const get = (key: string): string | undefined => placement.get(key);
      return timed(get, get, nodes);
    },
  },
});
