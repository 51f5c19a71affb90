/** The callers as a process of their own, so that what they take from the machine is not taken from the gateway's turn. */
import { setup, tell } from '@loadbearing-examples/page-kit/processes/child.ts';
import { lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { Crowd, type CrowdSettings } from '../load/crowd.ts';

const { seed, ...settings } = setup() as CrowdSettings & { readonly seed: number };
const crowd = new Crowd(settings, seed);
const server = await lineServer({
  configure: ([changes]) => crowd.configure(changes!),
  start: () => crowd.start(),
  stop: () => crowd.stop(),
  counts: () => crowd.counts(),
  reset: () => crowd.reset(),
  rate: ([underWay, forMs]) => crowd.rate(underWay!, forMs!),
  burst: ([user, perPort]) => crowd.burst(user!, perPort!),
});
tell({ type: 'ready', controlPort: server.port, httpPort: 0, engine: 'crowd' });
