/**
 * A node:http handler with the cache before it and without: requests over the loopback interface, 32 at a time.
 *
 * The handler renders a page of 200 rows, or answers a constant, which is the worst case for a cache: it then can only
 * cost. Client and server share the process, so both rows hold the price of the sockets, and the difference is what
 * the cache saves or costs. The check counts the calls of the handler and compares a body.
 */
import assert from 'node:assert';
import { Agent, createServer, get, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';

interface Case {
  readonly name: string;
  readonly rows: number;
}

const concurrent = 32;
const requests = 256;

function render(rows: number): string {
  const parts: string[] = [];
  for (let i = 0; i < rows; i++) {
    const price = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(i * 1.37);
    parts.push(`<tr><td>${i}</td><td>Product ${i}</td><td>${price}</td></tr>`);
  }
  return `<table>${parts.join('')}</table>`;
}

async function contender(
  { rows }: Case,
  before: (handler: RequestListener) => RequestListener,
  calls: (answered: number, handled: number) => void,
): Promise<TimedContender> {
  let handled = 0;
  let answered = 0;
  const handler: RequestListener = (_req, res) => {
    handled++;
    res.setHeader('cache-control', 'max-age=3600');
    res.end(render(rows));
  };
  const server = createServer(before(handler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrent });
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', path: '/page', agent }, (res) => {
        let body = '';
        res.setEncoding('latin1');
        res.on('data', (text: string) => (body += text));
        res.on('end', () => {
          answered++;
          resolve(body);
        });
      }).on('error', reject);
    });
  await ask();
  return {
    operations: requests,
    run: async () => {
      let bytes = 0;
      let left = requests;
      const client = async (): Promise<void> => {
        while (left-- > 0) bytes += (await ask()).length;
      };
      await Promise.all(Array.from({ length: concurrent }, client));
      return bytes;
    },
    check: async () => {
      // Latin 1 here, so that the client does not decode either: lengths are compared in bytes.
      assert.equal((await ask()).length, Buffer.byteLength(render(rows)));
      calls(answered, handled);
    },
    close: () => {
      agent.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

export default defineBench<Case>({
  topic: 'http',
  title: 'a request',
  rival: 'no cache',
  kind: 'time',
  cases: [
    { name: 'a page of 200 rows', rows: 200 },
    { name: 'an empty page', rows: 0 },
  ],
  contenders: {
    '@loadbearing/lru-cache': async (c) => {
      const { nodeHttpCache } = await import('@loadbearing/lru-cache/http/node');
      const cached = nodeHttpCache({ name: 'bench', maxBytes: 1e7 });
      return contender(
        c,
        (handler) => (req, res) => {
          cached(req, res, () => {
            handler(req, res);
          });
        },
        (_answered, handled) => assert.equal(handled, 1),
      );
    },
    'no cache': (c) =>
      contender(
        c,
        (handler) => handler,
        (answered, handled) => assert.equal(handled, answered),
      ),
  },
});
