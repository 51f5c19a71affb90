/**
 * The second level as a process: the package's memory tier and a bus, for the three apps over sockets.
 *
 * It holds nothing that matters: killed, it comes back empty, and every fence and lease is gone with it.
 */
import { memoryTier } from '@loadbearing/lru-cache/tiered';
import { lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { fenceMs } from '../wire/remote-tier.ts';
import { setup, tell } from '@loadbearing-examples/page-kit/processes/child.ts';

setup();
const open = () => memoryTier({ fenceMs });
let tier = open();

const server = await lineServer({
  read: ([key, leaseMs, unlike]) => tier.read(key!, leaseMs!, unlike),
  fill: ([key, value, ttlMs, fence]) => tier.fill(key!, value!, ttlMs!, fence!),
  release: ([key]) => tier.release(key!),
  remove: ([keys]) => tier.remove(keys!),
  publish: ([message]) => server.notify(message),
  flush: () => void (tier = open()),
});
tell({ type: 'ready', controlPort: server.port, httpPort: 0, engine: 'memory' });
