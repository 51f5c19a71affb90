/**
 * The router: a process that sends each request to the shard that owns its key, under the epoch of the map it knows.
 *
 * It holds nothing that matters. Killed, it takes with it the answers to the requests that were under way; its
 * successor loads the map and goes on.
 */
import { FENCED, slotRouter } from '@loadbearing/consistent-hash/migrate';
import type { Fenced, SlotRouter } from '@loadbearing/consistent-hash/migrate';
import { clock, connect } from './connect.ts';
import type { WireAnswer, WireRequest } from './messages.ts';

const world = await connect((message) => {
  if (message.type === 'requests') for (const request of message.requests) void answer(request);
});
const router: SlotRouter = await slotRouter({ store: world.store, clock, retryMs: 10, timeoutMs: 5000 });
let answers: WireAnswer[] = [];
world.send({ type: 'ready' });

async function answer({ n, kind, key, value }: WireRequest): Promise<void> {
  try {
    const result = await router.run(key, async ({ id, slot, epoch }): Promise<string | undefined | Fenced> => {
      const shard = world.shard(id);
      if (kind === 'get') return shard.get(slot, epoch, key);
      const done = kind === 'set' ? await shard.set(slot, epoch, key, value!) : await shard.delete(slot, epoch, key);
      return done === FENCED ? FENCED : undefined;
    });
    say(result.ok ? { n, outcome: 'ok', value: result.value } : { n, outcome: 'fenced', value: undefined });
  } catch {
    say({ n, outcome: 'failed', value: undefined });
  }
}

/** Answers of the same turn of the event loop travel together. */
function say(result: WireAnswer): void {
  if (answers.push(result) > 1) return;
  setImmediate(() => {
    world.send({ type: 'answers', answers });
    answers = [];
  });
}
