/**
 * The owner of a key, each time another one of 65,536: more than hashring's cache of 5000 keys holds. hashring is
 * measured as shipped and with its cache stubbed out, which is the cost of its md5 and search alone.
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

const rival = async (nodes: string[]) => {
  const { default: HashRing } = await import('hashring');
  return new HashRing(nodes);
};

export default defineBench({
  topic: 'locate',
  title: 'Owner of a key',
  rival: 'hashring',
  kind: 'time',
  cases: [10, 100, 1000].map((count) => ({ name: `${count} nodes`, count })),
  contenders: {
    ring: async ({ count }) => {
      const { ring } = await import('@loadbearing/consistent-hash');
      const nodes = servers(count);
      const placement = ring(nodes);
      return timed(
        (key) => placement.locate(key),
        (key) => placement.locate(key).id,
        nodes,
      );
    },
    hashring: async ({ count }) => {
      const nodes = servers(count);
      const placement = await rival(nodes);
      const get = (key: string): string | undefined => placement.get(key);
      return timed(get, get, nodes);
    },
    'hashring without cache': async ({ count }) => {
      const nodes = servers(count);
      const placement = withoutCache(await rival(nodes));
      const get = (key: string): string | undefined => placement.get(key);
      return timed(get, get, nodes);
    },
  },
});
