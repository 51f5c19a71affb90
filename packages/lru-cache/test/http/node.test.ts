/** nodeHttpCache in real servers on the loopback interface: what comes over the wire, and how often the handler ran. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { Readable, pipeline } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeHttpCache } from '../../src/http/node.ts';
import type { HttpStoreOptions } from '../../src/http/options.ts';
import { manualClock, settle } from './support.ts';

type Handler = (req: IncomingMessage, res: ServerResponse, n: number) => void;

interface Got {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
  readonly did: string;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function listen(server: Server & { closeAllConnections?: () => void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections?.();
      }),
  );
  return (server.address() as AddressInfo).port;
}

async function setUp(handler: Handler, options: Partial<HttpStoreOptions> = {}) {
  const clock = manualClock();
  let calls = 0;
  const cached = nodeHttpCache({ name: 'n', maxBytes: 1e7, wallClock: clock, ...options });
  const port = await listen(createServer((req, res) => cached(req, res, () => handler(req, res, ++calls))));
  const ask = (headers: Record<string, string> = {}, path = '/', method = 'GET'): Promise<Got> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest({ port, host: '127.0.0.1', path, method, headers, agent: false }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () => {
          const did = String(res.headers['cache-status']);
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks).toString(), did });
        });
      });
      sent.on('error', reject);
      sent.end();
    });
  return { clock, cached, port, ask, calls: () => calls };
}

const minute = { 'cache-control': 'max-age=60' };

describe('a handler behind the cache', () => {
  it.each<[string, Handler]>([
    ['setHeader and end', (_req, res, n) => void res.setHeader('cache-control', 'max-age=60').end(`v${n}`)],
    ['writeHead with an object', (_req, res, n) => void res.writeHead(200, minute).end(`v${n}`)],
    ['writeHead with a reason', (_req, res, n) => void res.writeHead(200, 'Fine', minute).end(`v${n}`)],
    [
      'writeHead with a flat list',
      (_req, res, n) => void res.writeHead(200, ['Cache-Control', 'max-age=60', 'X', 'a', 'X', 'b']).end(`v${n}`),
    ],
    [
      'many writes, in bytes and encodings',
      (_req, res, n) => {
        res.setHeader('cache-control', 'max-age=60');
        res.flushHeaders();
        res.write(Buffer.from('v'));
        res.write(Buffer.from(String(n)).toString('base64'), 'base64');
        res.end();
      },
    ],
    [
      'a pipe',
      (_req, res, n) => {
        res.setHeader('cache-control', 'max-age=60');
        Readable.from(['v', String(n)]).pipe(res);
      },
    ],
  ])('runs once, whichever way it writes: %s', async (_way, handler) => {
    const { ask, calls, clock } = await setUp(handler);
    const first = await ask();
    expect(first).toMatchObject({ status: 200, body: 'v1', did: 'n; fwd=uri-miss; fwd-status=200; stored' });
    clock.pass(30);
    const second = await ask();
    expect(second).toMatchObject({ status: 200, body: 'v1', did: 'n; hit; ttl=30' });
    expect(second.headers['age']).toBe('30');
    expect(second.headers['content-length']).toBe('2');
    expect(second.headers['x']).toBe(first.headers['x']);
    expect(calls()).toBe(1);
  });

  it('HEAD is answered from a stored GET with its length; a HEAD of its own is not stored', async () => {
    const { ask, calls } = await setUp((_req, res) => void res.writeHead(200, minute).end('hello'));
    expect((await ask({}, '/', 'HEAD')).did).toBe('n; fwd=uri-miss; fwd-status=200');
    await ask();
    const head = await ask({}, '/', 'HEAD');
    expect(head).toMatchObject({ body: '', did: 'n; hit; ttl=60' });
    expect(head.headers['content-length']).toBe('5');
    expect(calls()).toBe(2);
  });

  it('hosts and query strings are different pages; the case of a host is not', async () => {
    const { ask, calls } = await setUp(
      (req, res) => void res.writeHead(200, minute).end(`${req.headers.host ?? ''}${req.url ?? ''}`),
    );
    expect((await ask({ host: 'a' }, '/x?1')).body).toBe('a/x?1');
    expect((await ask({ host: 'b' }, '/x?1')).body).toBe('b/x?1');
    expect((await ask({ host: 'a' }, '/x?2')).body).toBe('a/x?2');
    expect((await ask({ host: 'A' }, '/x?1')).did).toBe('n; hit; ttl=60');
    expect((await ask({ host: 'a' }, '/./x?1')).body).toBe('a/./x?1');
    expect(calls()).toBe(4);
  });

  it('cookies, private pages and answers to Authorization are nobody else’s (RFC 9111, 3.5, 5.2.2.7)', async () => {
    const { ask, calls } = await setUp((req, res) => {
      if (req.url === '/cookie') res.setHeader('set-cookie', ['a=1', 'b=2']);
      res.writeHead(200, { 'cache-control': req.url === '/private' ? 'private, max-age=60' : 'max-age=60' }).end('x');
    });
    for (const path of ['/cookie', '/private', '/auth', '/cookie', '/private', '/auth']) {
      const got = await ask(path === '/auth' ? { authorization: 'Basic x' } : {}, path);
      expect(got.did).toBe('n; fwd=uri-miss; fwd-status=200');
      if (path === '/cookie') expect(got.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    }
    expect(calls()).toBe(6);
  });

  it('keeps lines of a field apart', async () => {
    const { ask } = await setUp(
      (_req, res) =>
        void res.writeHead(200, { 'cache-control': 'public, max-age=60', 'set-cookie': ['a=1', 'b=2'] }).end(),
    );
    await ask();
    expect(await ask()).toMatchObject({ did: 'n; hit; ttl=60', headers: { 'set-cookie': ['a=1', 'b=2'] } });
  });

  it('an unsafe request invalidates before its client hears of it (RFC 9111, 4.4)', async () => {
    const { ask, calls } = await setUp(
      (req, res, n) => void res.writeHead(req.method === 'POST' ? 303 : 200, { ...minute, location: '/' }).end(`v${n}`),
    );
    await ask();
    expect((await ask({}, '/edit', 'POST')).did).toBe('n; fwd=method; fwd-status=303');
    expect((await ask()).body).toBe('v3');
    expect(calls()).toBe(3);
  });

  it('purge forgets a page', async () => {
    const { ask, cached, port } = await setUp((_req, res, n) => void res.writeHead(200, minute).end(`v${n}`));
    await ask();
    expect(cached.purge(`http://127.0.0.1:${port}/`)).toBe(true);
    expect((await ask()).body).toBe('v2');
  });

  it('what other middleware set before stays theirs', async () => {
    const clock = manualClock();
    const cached = nodeHttpCache({ name: 'n', maxBytes: 1e6, wallClock: clock });
    let id = 0;
    const port = await listen(
      createServer((req, res) => {
        res.setHeader('x-request', String(++id));
        cached(req, res, () => {
          const is = req.headers['if-none-match'] === '"1"';
          res.setHeader('x-handler', 'h');
          res
            .writeHead(is ? 304 : 200, { etag: '"1"', 'cache-control': 'max-age=60', ...(is ? { 'x-late': '1' } : {}) })
            .end(is ? '' : 'v');
        });
      }),
    );
    const uri = `http://127.0.0.1:${port}/`;
    await (await fetch(uri)).text();
    clock.pass(61);
    const second = await fetch(uri);
    expect(await second.text()).toBe('v');
    expect(second.status).toBe(200);
    expect(second.headers.get('x-handler')).toBe('h');
  });
});

describe('validation of a handler', () => {
  const tagged: Handler = (req, res, n) => {
    const fields = {
      etag: '"1"',
      'cache-control': 'max-age=60, stale-while-revalidate=30, stale-if-error=600',
      'x-n': String(n),
    };
    if (req.headers['if-none-match'] === '"1"') res.writeHead(304, fields).end();
    else res.writeHead(200, fields).end('body');
  };

  it('its 304 to our question becomes the stored page, freshened', async () => {
    const { ask, clock, calls } = await setUp(tagged);
    await ask();
    clock.pass(100);
    const got = await ask({ 'if-none-match': '"0"' });
    expect(got).toMatchObject({ status: 200, body: 'body', did: 'n; fwd=stale; fwd-status=304; ttl=60; stored' });
    expect(got.headers['x-n']).toBe('2');
    expect((await ask()).did).toBe('n; hit; ttl=60');
    expect(await ask({ 'if-none-match': '"1"' })).toMatchObject({ status: 304, body: '' });
    expect(calls()).toBe(2);
  });

  it('its 304 to a client’s question is the client’s', async () => {
    const { ask } = await setUp(tagged);
    expect(await ask({ 'if-none-match': '"1"' })).toMatchObject({
      status: 304,
      did: 'n; fwd=uri-miss; fwd-status=304',
    });
  });

  it('the request has its own validators back once the handler has answered', async () => {
    const seen: unknown[] = [];
    const { ask, clock } = await setUp((req, res, n) => {
      seen.push(req.headers['if-none-match']);
      tagged(req, res, n);
      seen.push(req.headers['if-none-match'], 'if-modified-since' in req.headers);
    });
    await ask();
    clock.pass(100);
    await ask({ 'if-none-match': '"0"' });
    expect(seen).toEqual([undefined, undefined, false, '"1"', '"0"', false]);
  });

  it('a 500 is replaced by the stale page, however it is written (RFC 5861, 4)', async () => {
    const { ask, clock } = await setUp((req, res, n) => {
      if (n === 1) {
        tagged(req, res, n);
        return;
      }
      res.statusCode = 500;
      res.setHeader('x-secret', 'stack');
      res.write('it ');
      setImmediate(() => res.end('broke', () => undefined));
    });
    await ask();
    clock.pass(100);
    const got = await ask();
    expect(got).toMatchObject({
      status: 200,
      body: 'body',
      did: 'n; fwd=stale; fwd-status=500; ttl=-40; detail=stale-if-error',
    });
    expect(got.headers['x-secret']).toBeUndefined();
    clock.pass(600);
    expect(await ask()).toMatchObject({ status: 500, body: 'it broke' });
  });

  it('within stale-while-revalidate one request waits for the handler, the others are answered at once', async () => {
    const held: (() => void)[] = [];
    const { ask, clock, calls } = await setUp((req, res, n) => {
      if (n === 1) tagged(req, res, n);
      else held.push(() => tagged(req, res, n));
    });
    await ask();
    clock.pass(70);
    const first = ask();
    while (calls() < 2) await settle();
    expect((await ask()).did).toBe('n; hit; ttl=-10');
    held[0]?.();
    expect((await first).did).toBe('n; fwd=stale; fwd-status=304; ttl=60; stored');
    expect(calls()).toBe(2);
  });
});

describe('crowds and cut bodies', () => {
  it('a crowd is one call', async () => {
    let go: () => void = () => undefined;
    const { ask, calls } = await setUp((_req, res) => {
      go = () => void res.writeHead(200, minute).end('v');
    });
    const all = Array.from({ length: 50 }, () => ask());
    while (calls() < 1) await settle();
    await new Promise((resolve) => setTimeout(resolve, 100));
    go();
    const answers = await Promise.all(all);
    expect(answers.every(({ body }) => body === 'v')).toBe(true);
    expect(calls()).toBe(1);
    expect(new Set(answers.map(({ did }) => did))).toContain('n; fwd=miss; ttl=60; collapsed');
  });

  it('who waits gets a turn of its own when the first client leaves', async () => {
    const finish: (() => void)[] = [];
    const { ask, calls, port } = await setUp((_req, res, n) => {
      finish.push(() => void res.writeHead(200, minute).end(`v${n}`));
    });
    const leaving = httpRequest({ port, host: '127.0.0.1', path: '/', agent: false });
    leaving.on('error', () => undefined);
    leaving.end();
    while (calls() < 1) await settle();
    const staying = ask();
    await new Promise((resolve) => setTimeout(resolve, 50));
    leaving.destroy();
    while (calls() < 2) await settle();
    finish[1]?.();
    expect((await staying).body).toBe('v2');
  });

  it('a body that the handler cuts off is not stored', async () => {
    const { ask, calls } = await setUp((_req, res, n) => {
      res.writeHead(200, minute);
      res.write('half');
      if (n === 1) setTimeout(() => res.destroy(), 20);
      else res.end(' and half');
    });
    await expect(ask()).rejects.toThrow();
    expect((await ask()).body).toBe('half and half');
    expect((await ask()).did).toBe('n; hit; ttl=60');
    expect(calls()).toBe(2);
  });

  it('nor one from a source that fails, nor one shorter than its Content-Length', async () => {
    const { ask } = await setUp((req, res, n) => {
      res.writeHead(200, { ...minute, ...(req.url === '/short' ? { 'content-length': '9' } : {}) });
      if (n % 2 === 0) return void res.end('all of it');
      if (req.url === '/short') return void res.end('half', () => res.destroy());
      const source = new Readable({ read: () => undefined });
      pipeline(source, res, () => undefined);
      source.push('half');
      setTimeout(() => source.destroy(new Error('disk')), 20);
    });
    for (const path of ['/pipe', '/short']) {
      await expect(ask({}, path)).rejects.toThrow();
      expect((await ask({}, path)).body).toBe('all of it');
      expect((await ask({}, path)).did).toBe('n; hit; ttl=60');
    }
  });

  it('a body above maxEntryBytes passes with the backpressure of its client', async () => {
    let refused = 0;
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const { ask, calls, port } = await setUp(
      (_req, res) => {
        res.writeHead(200, minute);
        const write = (): void => {
          while (written < 400) {
            written++;
            if (!res.write(chunk)) {
              refused++;
              res.once('drain', write);
              return;
            }
          }
          res.end();
        };
        write();
      },
      { maxEntryBytes: 100_000 },
    );
    const slow = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ port, host: '127.0.0.1', path: '/', agent: false }, resolve).end();
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    // The socket is full long before 25 MB.
    expect(written).toBeLessThan(400);
    let bytes = 0;
    for await (const part of slow) bytes += (part as Buffer).length;
    expect(bytes).toBe(400 * chunk.length);
    expect(refused).toBeGreaterThan(0);
    written = 399;
    expect((await ask()).did).toBe('n; fwd=uri-miss; fwd-status=200; stored');
    expect(calls()).toBe(2);
  });

  it('who waits for a body that turns out too long goes himself at once, not when it ends', async () => {
    const bodies: ServerResponse[] = [];
    const { ask, calls } = await setUp(
      (_req, res, n) => {
        res.writeHead(200, minute);
        if (n > 1) {
          res.end('short');
          return;
        }
        bodies.push(res);
        res.write('x');
      },
      // Beyond the patience of the test: only the bound itself can free who waits.
      { maxEntryBytes: 1000, collapseMs: 2 ** 31 - 1 },
    );
    const first = ask();
    while (bodies.length === 0) await settle();
    const second = ask();
    for (let i = 0; i < 20; i++) await settle();
    expect(calls()).toBe(1);
    bodies[0]?.write('x'.repeat(2000));
    expect((await second).body).toBe('short');
    bodies[0]?.end();
    expect((await first).body).toHaveLength(2001);
  });

  it('a handler that throws frees those who wait, and its error is the server’s', async () => {
    const clock = manualClock();
    const cached = nodeHttpCache({ name: 'n', maxBytes: 1e6, wallClock: clock });
    let calls = 0;
    const port = await listen(
      createServer((req, res) => {
        try {
          cached(req, res, () => {
            if (++calls === 1) throw new Error('bug');
            res.end('fine');
          });
        } catch (error) {
          // Answered late, so that who waits was freed by the throw and not by this answer.
          setTimeout(() => res.writeHead(500).end((error as Error).message), calls === 1 ? 300 : 0);
        }
      }),
    );
    const uri = `http://127.0.0.1:${port}/`;
    const bug = fetch(uri).then((response) => response.text());
    while (calls < 1) await settle();
    const first = await Promise.race([bug, fetch(uri).then((response) => response.text())]);
    expect(first).toBe('fine');
    expect(await bug).toBe('bug');
  });
});

describe('other servers', () => {
  it('serves http2 as well', async () => {
    const cached = nodeHttpCache({ name: 'n', maxBytes: 1e6 });
    let calls = 0;
    const port = await listen(
      createHttp2Server((req, res) => {
        cached(req, res, () => {
          calls++;
          res.writeHead(200, { 'cache-control': 'max-age=60' });
          res.write('two ');
          res.end('parts');
        });
      }),
    );
    const session = connect(`http://127.0.0.1:${port}`);
    const ask = (): Promise<[string, unknown]> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': '/' });
        let body = '';
        let did: unknown;
        stream.on('response', (headers) => (did = headers['cache-status']));
        stream.setEncoding('utf8');
        stream.on('data', (text: string) => (body += text));
        stream.on('end', () => resolve([body, did]));
        stream.on('error', reject);
        stream.end();
      });
    expect(await ask()).toEqual(['two parts', 'n; fwd=uri-miss; fwd-status=200; stored']);
    expect((await ask())[0]).toBe('two parts');
    expect(calls).toBe(1);
    session.destroy();
  });

  it('middleware that compresses outside of it compresses hits too', async () => {
    const cached = nodeHttpCache({ name: 'n', maxBytes: 1e6 });
    const port = await listen(
      createServer((req, res) => {
        // As such middleware does: it takes the header just before it goes out.
        const writeHead: (status: number) => ServerResponse = res.writeHead.bind(res);
        res.writeHead = (status: number) => {
          res.setHeader('x-outer', 'yes');
          return writeHead(status);
        };
        cached(req, res, () => void res.writeHead(200, minute).end('v'));
      }),
    );
    for (const _ of [1, 2]) {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      expect(response.headers.get('x-outer')).toBe('yes');
      expect(await response.text()).toBe('v');
    }
  });
});
