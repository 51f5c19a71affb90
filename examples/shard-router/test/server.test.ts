/** The server: the live stream, the buttons, and what it refuses. */
import http from 'node:http';
import net from 'node:net';
import type { PageServer } from '@loadbearing-examples/page-kit/page-server.ts';
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Feed } from '../src/feed.ts';
import { serve, type Stage } from '../src/http/server.ts';
import { until } from './support.ts';

const idle = { phase: 'idle', heat: [0] } as unknown as Feed;
const asked: unknown[] = [];
let feed: () => Feed = () => idle;
const stage: Stage = {
  feed: () => feed(),
  changeShards: async (change) => {
    asked.push(change);
    if (change.id === 'shard-9') throw new Refusal(400, 'There is no shard "shard-9".');
    return 12;
  },
  kill: (process) => {
    asked.push(process);
    return 4711;
  },
};
let server: PageServer;
beforeAll(async () => {
  server = await serve(stage, 0);
});
afterAll(() => server.close());

const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

describe('the buttons', () => {
  test('begin a migration, kill a process, and say so with 202', async () => {
    const added = await post('/api/shards', '{"action":"add"}');
    expect([added.status, await added.json()]).toEqual([202, { epoch: 12 }]);
    const removed = await post('/api/shards', '{"action":"remove","id":"shard-2"}');
    expect(removed.status).toBe(202);
    const killed = await post('/api/kill', '{"process":"mover"}');
    expect([killed.status, await killed.json()]).toEqual([202, { pid: 4711 }]);
    expect(asked.splice(0)).toEqual([{ action: 'add' }, { action: 'remove', id: 'shard-2' }, 'mover']);
  });

  test.each([
    ['/api/shards', '{"action":"burn"}', 400, 'action must be add or remove.'],
    ['/api/shards', '{"action":"remove","id":7}', 400, 'id must be a string.'],
    ['/api/shards', '{"action":"add","id":"x"}', 400, 'id is for remove: a new shard gets the next name.'],
    ['/api/shards', '{"action":"remove","id":"shard-9"}', 400, 'There is no shard "shard-9".'],
    ['/api/shards', 'null', 400, 'The body must be a JSON object.'],
    ['/api/kill', '{"process":"world"}', 400, 'process must be router or mover.'],
    ['/api/kill', '{', 400, /JSON/],
    ['/api/kill', '', 400, /empty/],
    ['/api/nothing', '{}', 404, 'There is no POST /api/nothing.'],
  ])('%s %s is refused with %i', async (path, body, status, message) => {
    const answer = await post(path, body);
    const { error } = (await answer.json()) as { error: string };
    expect(answer.status).toBe(status);
    if (typeof message === 'string') expect(error).toBe(message);
    else expect(error).toMatch(message);
    asked.length = 0;
  });
});

test('a body of more than 16 KiB is refused', async () => {
  expect((await post('/api/kill', `{"process":"${'x'.repeat(17_000)}"}`)).status).toBe(413);
});

describe('strangers are refused', () => {
  test('another host name, a page from elsewhere, a body that a foreign form can send', async () => {
    const statusWith = (headers: http.OutgoingHttpHeaders): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = http.request(`${server.url}/api/kill`, { method: 'POST', headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        request.once('error', reject);
        request.end('{"process":"mover"}');
      });
    const json = { 'content-type': 'application/json' };
    expect(await statusWith({ ...json, host: 'evil.example' })).toBe(403);
    expect(await statusWith({ ...json, origin: 'http://evil.example' })).toBe(403);
    expect(await statusWith({ 'content-type': 'text/plain' })).toBe(415);
    expect(asked).toEqual([]);
    expect(await statusWith({ ...json, origin: server.url })).toBe(202);
  });
});

describe('what is served', () => {
  test('the package as modules for the browser, never from a cache, under a policy that runs our scripts only', async () => {
    const answer = await fetch(`${server.url}/vendor/consistent-hash/index.js`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^(text|application)\/javascript/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(await answer.text()).toContain('ring');
  });

  test('nothing beside the folders', async () => {
    for (const path of ['/vendor/consistent-hash/..%2fpackage.json', '/..%2fpackage.json', '/src/main.ts']) {
      expect((await fetch(server.url + path)).status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('the live stream', () => {
  test('one event at once, the next ones by themselves, each the whole feed', async () => {
    const stream = await fetch(`${server.url}/live`);
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.headers.get('cache-control')).toBe('no-store');
    let text = '';
    for await (const chunk of stream.body!) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.split('data: ').length > 3) break;
    }
    expect(text.split('\n\n').slice(1, 3)).toEqual([`data: ${JSON.stringify(idle)}`, `data: ${JSON.stringify(idle)}`]);
  });

  test('a page that does not read misses events and holds nothing up; one more than 20 pages is refused', async () => {
    let made = 0;
    // Large events, so that the socket of who does not read is full soon.
    feed = () => ({ ...idle, rows: ++made, shards: ['x'.repeat(1_000_000)] });
    const { port } = new URL(server.url);
    const sockets = Array.from({ length: 20 }, () => net.connect(Number(port), '127.0.0.1').pause());
    for (const socket of sockets) socket.write('GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await until('the 21st is refused', async () => {
      const answer = await fetch(`${server.url}/live`);
      await answer.body?.cancel();
      return answer.status === 503;
    });
    const before = made;
    await until('ten more events were made', () => made > before + 10);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(150_000_000);
    for (const socket of sockets) socket.destroy();
    feed = () => idle;
    await until('there is room again', async () => {
      const answer = await fetch(`${server.url}/live`);
      await answer.body?.cancel();
      return answer.status === 200;
    });
  });
});
