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
const world = await connect((message) => {
  if (message.type === 'move' && !isMoving) void move();
});
const { batchSlots, paceMs } = world.setup;
const mover = slotMover({
  store: world.store,
  shard: (id) => paced(world.shard(id)),
  batchSlots,
  onStep: (step) => world.send({ type: 'step', step }),
});
world.send({ type: 'ready' });

async function move(): Promise<void> {
  isMoving = true;
  try {
    const { moved, entries } = await mover.run();
    world.send({ type: 'moved', moved, entries });
  } catch (error) {
    world.send({ type: 'gave-up', message: error instanceof Error ? error.message : String(error) });
  } finally {
    isMoving = false;
  }
}

/** Waits before a slot is emptied for its copy: the one call that no client waits for. */
function paced(shard: Shard): Shard {
  return {
    fence: (slot, epoch) => shard.fence(slot, epoch),
    scan: (slot, epoch, cursor, limit) => shard.scan(slot, epoch, cursor, limit),
    apply: (slot, epoch, puts, removes) => shard.apply(slot, epoch, puts, removes),
    clear: async (slot, epoch) => {
      await clock.sleep(paceMs);
      return shard.clear(slot, epoch);
    },
  };
}
