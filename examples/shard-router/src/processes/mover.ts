/**
 * The mover: a process that moves slots until the map is what its goal says.
 *
 * Killed at any moment, it leaves a slot half copied, closed, or with leftovers on its old shard. Its successor begins
 * as it would have begun anyway: it claims the map with a new epoch, which opens what was closed, and plans.
 */
import { slotMover } from '@loadbearing/consistent-hash/migrate';
import type { Shard } from '@loadbearing/consistent-hash/migrate';
import { clock, connect } from './connect.ts';

let isMoving = false;
let isFrozen = false;
const world = await connect((message) => {
  if (message.type === 'move' && !isMoving) void move();
});
const { batchSlots, paceMs } = world.setup;
const mover = slotMover({
  store: world.store,
  shard: (id) => paced(world.shard(id)),
  batchSlots,
  onStep: (step) => {
    isFrozen = step.kind === 'freeze';
    world.send({ type: 'step', step });
  },
});
world.send({ type: 'ready' });

async function move(): Promise<void> {
  isMoving = true;
  try {
    await world.added();
    const { moved, entries } = await mover.run();
    world.send({ type: 'moved', moved, entries });
  } catch (error) {
    world.send({ type: 'gave-up', message: error instanceof Error ? error.message : String(error) });
  } finally {
    isMoving = false;
  }
}

/**
 * Waits before each write, but not while clients wait for it: a copy takes its time and leaves the machine to them. It
 * also gives them time to change what has been copied already, which is what the comparison is for.
 */
function paced(shard: Shard): Shard {
  const pause = (): Promise<void> => (isFrozen ? Promise.resolve() : clock.sleep(paceMs));
  return {
    fence: (slot, epoch) => shard.fence(slot, epoch),
    scan: (slot, epoch, cursor, limit) => shard.scan(slot, epoch, cursor, limit),
    apply: async (slot, epoch, puts, removes) => {
      await pause();
      return shard.apply(slot, epoch, puts, removes);
    },
    clear: async (slot, epoch) => {
      await pause();
      return shard.clear(slot, epoch);
    },
  };
}
