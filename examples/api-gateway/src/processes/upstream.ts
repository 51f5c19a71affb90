/** The upstream as a process: every request takes a slot of the pool, and is answered when it has had it. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setup, tell } from '@loadbearing-examples/page-kit/processes/child.ts';
import { lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { Pool, type PoolSettings } from '../upstream/pool.ts';

const pool = new Pool(setup() as PoolSettings);
const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  void pool.run().then((isServed) => {
    response.writeHead(isServed ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ path: request.url }));
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const control = await lineServer({
  configure: ([changes]) => pool.configure(changes!),
  counts: () => pool.counts(),
  clear: () => pool.clear(),
});
tell({
  type: 'ready',
  controlPort: control.port,
  httpPort: (server.address() as AddressInfo).port,
  engine: 'pool',
});
