/**
 * The shared limits as a process: one MapStore for all gateways, by one clock, where no Redis is.
 *
 * One process decides one operation after the other, which is all the atomicity that limits need. Killed, it comes back
 * with full quotas.
 */
import { MapStore, type BoundSyncStore, type Limit, type Op, type Outcome } from '@loadbearing/rate-limiter';
import { setup, tell } from '@loadbearing-examples/page-kit/processes/child.ts';
import { lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { toWire } from '../wire/line-store.ts';

setup();
const spacesMax = 1000;
const clock = (): number => Math.floor(performance.now());
const spaces = new Map<string, BoundSyncStore>();

function spaceOf(name: string, limits: readonly Limit[]): BoundSyncStore {
  let space = spaces.get(name);
  if (space === undefined) {
    if (spaces.size >= spacesMax) throw new Error(`more than ${spacesMax} limiters`);
    space = new MapStore().bind({ name, limits, fingerprint: name, clock });
    spaces.set(name, space);
  }
  return space;
}

const server = await lineServer({
  apply: ([name, limits, key, op, cost, arg]) => {
    const out = { ok: false } as Outcome;
    const nowMs = clock();
    spaceOf(name!, limits!).apply(key!, op as unknown as Op, cost!, arg!, nowMs, out);
    return toWire(out, nowMs);
  },
  reset: ([name, limits, key]) => spaceOf(name!, limits!).reset(key!),
  flush: () => spaces.clear(),
});
tell({ type: 'ready', controlPort: server.port, httpPort: 0, engine: 'MapStore' });
