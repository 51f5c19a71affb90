/**
 * How many of 16,384 slots a plan moves, against the least that any table could: what the nodes that came are owed, or
 * what those that went had. And against a new table for the new nodes, which has nothing to do with the old one.
 */
import { defineBench } from '@loadbearing/bench-kit';
import type { Slots } from '@loadbearing/consistent-hash';
import { servers } from './workload.ts';

const COUNT = 16_384;
const MOVES_MAX = { '10 to 11 nodes': 1490 };

interface Change {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

function movedBetween(before: Slots, after: Slots): number {
  let moved = 0;
  for (let slot = 0; slot < COUNT; slot++) if (before.owner(slot).id !== after.owner(slot).id) moved++;
  return moved;
}

export default defineBench({
  topic: 'plan',
  title: 'Slots moved of 16,384',
  rival: 'a new table',
  kind: 'value',
  cases: [
    { name: '10 to 11 nodes', before: 10, after: 11 },
    { name: '11 to 10 nodes', before: 11, after: 10 },
    { name: '100 to 101 nodes', before: 100, after: 101 },
    { name: '1000 to 1001 nodes', before: 1000, after: 1001 },
  ],
  contenders: {
    plan: async ({ name, before, after }: Change) => {
      const { plan, slots } = await import('@loadbearing/consistent-hash');
      const map = slots(servers(before));
      const target = servers(after);
      const value = plan(map, target).length;
      const check = (): void => {
        const limit = name in MOVES_MAX ? MOVES_MAX[name as keyof typeof MOVES_MAX] : COUNT;
        if (value > limit) throw new Error(`${value} moves; at most ${limit}`);
        const times = Array.from({ length: 21 }, () => {
          const begin = performance.now();
          plan(map, target);
          return performance.now() - begin;
        });
        // A time is a property of the machine, so it is told and not kept.
        const median = times.toSorted((x, y) => x - y)[10]!;
        console.error(`plan, ${name}: the second ${times[0]!.toFixed(1)} ms, median of 21 ${median.toFixed(1)} ms`);
      };
      return { value, check };
    },
    'a new table': async ({ before, after }: Change) => {
      const { slots } = await import('@loadbearing/consistent-hash');
      return { value: movedBetween(slots(servers(before)), slots(servers(after))) };
    },
    'least possible': async ({ before, after }: Change) => {
      const { slots } = await import('@loadbearing/consistent-hash');
      const map = slots(servers(before));
      // What those that go have; of those that come, what they are owed at least.
      const gone = servers(before).slice(after);
      if (gone.length > 0) return { value: gone.reduce((sum, id) => sum + map.slotsOf(id).length, 0) };
      return { value: Math.floor(COUNT / after) * (after - before) };
    },
  },
});
