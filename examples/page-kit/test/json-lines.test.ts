/** Calls over a socket: each is answered once, an end of the connection is an error, and it comes back by itself. */
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { CallError, LineClient, lineServer, type LineServer } from '../src/wire/json-lines.ts';
import { until } from '../src/testing/until.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serving(name = 'first'): Promise<LineServer> {
  const server = await lineServer({
    echo: (args) => args,
    who: () => name,
    fail: () => {
      throw new Error('as asked');
    },
    never: () => new Promise(() => undefined),
  });
  open.push(server);
  return server;
}

function connected(port: number, onNotice?: (notice: never) => void, onState?: (up: boolean) => void): LineClient {
  const client = new LineClient(port, onNotice, onState);
  open.push(client);
  return client;
}

describe('calls', () => {
  test('answers find their calls, errors are errors, and an unknown operation is one', async () => {
    const client = connected((await serving()).port);
    await until('connected', () => client.isUp);
    const echoes = await Promise.all(Array.from({ length: 100 }, (_, i) => client.call('echo', i, `line\n${i}`)));
    expect(echoes).toEqual(Array.from({ length: 100 }, (_, i) => [i, `line\n${i}`]));
    await expect(client.call('fail')).rejects.toMatchObject({ code: 'FAILED', message: 'as asked' });
    await expect(client.call('nothing')).rejects.toBeInstanceOf(CallError);
  });

  test('without a connection a call is rejected at once; one under way, when the connection ends', async () => {
    const server = await serving();
    const states: boolean[] = [];
    const client = connected(server.port, undefined, (up) => states.push(up));
    await expect(client.call('who')).rejects.toMatchObject({ code: 'DOWN' });
    await until('connected', () => client.isUp);
    const pending = client.call('never');
    await server.close();
    await expect(pending).rejects.toMatchObject({ code: 'DOWN' });
    expect(states).toEqual([true, false]);
  });

  test('it moves to another port when told, and says so', async () => {
    const [first, second] = [await serving('first'), await serving('second')];
    const client = connected(first.port);
    await until('connected', () => client.isUp);
    expect(await client.call('who')).toBe('first');
    client.moveTo(second.port);
    await until('it is at the second', async () => (await client.call('who').catch(() => '')) === 'second');
  });
});

test('a notice reaches every connection', async () => {
  const server = await serving();
  const heard: unknown[] = [];
  const clients = [1, 2].map(() => connected(server.port, (notice) => heard.push(notice)));
  await until('connected', () => clients.every((client) => client.isUp));
  await Promise.all(clients.map((client) => client.call('who')));
  server.notify({ text: 'news' });
  await until('both heard', () => heard.length === 2);
  expect(heard).toEqual([{ text: 'news' }, { text: 'news' }]);
});

test('a line without an end ends the connection, not the server', async () => {
  const server = await serving();
  const socket = net.connect(server.port, '127.0.0.1');
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.write('x'.repeat(3 << 20));
  await ended;
  const client = connected(server.port);
  await until('connected', () => client.isUp);
  expect(await client.call('who')).toBe('first');
});
