/** What the examples' servers have in common: strangers are refused, the stream is whole, what is started goes away. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { portAdvice } from '../src/advice.ts';
import { wholeNumber } from '../src/arguments.ts';
import { findProgram, freePort, listens, startGuarded } from '../src/guarded.ts';
import { fieldsOf, servePage, type PageServer } from '../src/page-server.ts';
import { Refusal } from '../src/refusal.ts';
import { seeded } from '../src/seeded.ts';

const opened: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function page(state: () => unknown = () => ({ n: 1 })): Promise<PageServer> {
  const publicDir = await mkdtemp(path.join(tmpdir(), 'page-kit-test-'));
  await writeFile(path.join(publicDir, 'index.html'), '<title>page</title>');
  const server = await servePage({
    name: 'test',
    port: 0,
    publicDir,
    state,
    everyMs: 10,
    routes: (app) => {
      app.post('/api/echo', async ({ body }) => fieldsOf(body));
      app.get('/api/refuse', async () => {
        throw new Refusal(409, 'Not now.');
      });
    },
  });
  opened.push(server, { close: () => rm(publicDir, { recursive: true }) });
  return server;
}

/** With the headers that a browser would not let a page set. */
function ask(url: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers }, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      })
      .on('error', reject);
  });
}

describe('the page server', () => {
  test('serves the page and the kit, locked down and never stored', async () => {
    const { url } = await page();
    const answer = await fetch(url);
    expect(await answer.text()).toBe('<title>page</title>');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await fetch(`${url}/kit/base.css`)).headers.get('content-type')).toMatch(/^text\/css/);
  });

  test('answers to this machine only, and to no page but its own', async () => {
    const { url } = await page();
    expect(await ask(url, { host: 'evil.example' })).toMatchObject({ status: 403 });
    expect(await ask(url, { origin: 'http://evil.example' })).toMatchObject({ status: 403 });
    expect(await ask(url, { origin: url })).toMatchObject({ status: 200 });
  });

  test('a body is a JSON object, a refusal says why, and an unknown address is one', async () => {
    const { url } = await page();
    const post = (body: string, type: string) =>
      fetch(`${url}/api/echo`, { method: 'POST', headers: { 'content-type': type }, body });
    expect(await (await post('{"a":1}', 'application/json')).json()).toEqual({ a: 1 });
    expect((await post('1', 'application/json')).status).toBe(400);
    expect((await post('{"a":1}', 'text/plain')).status).toBe(415);
    expect(await (await fetch(`${url}/api/refuse`)).json()).toEqual({ error: 'Not now.' });
    expect(await (await fetch(`${url}/nothing`)).json()).toEqual({ error: 'There is no GET /nothing.' });
  });

  test('the live stream sends the state at once and again', async () => {
    let n = 0;
    const { url } = await page(() => ({ n: ++n }));
    const reader = (await fetch(`${url}/live`)).body!.getReader();
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('"n":3')) text += decoder.decode((await reader.read()).value);
    await reader.cancel();
    expect(text).toMatch(/^retry: 1000\n\ndata: \{"n":1\}\n\ndata: \{"n":2\}\n\n/);
  });
});

test('a guarded program listens until it is stopped, and one that is not there never does', async () => {
  const port = await freePort();
  const program = startGuarded(
    process.execPath,
    ['-e', `require("node:net").createServer().listen(${port}, "127.0.0.1")`],
    'KILL',
  );
  expect(await listens(program, port, 50_000)).toBe(true);
  await program.stop();
  expect(program.isRunning).toBe(false);
  const missing = startGuarded('/nowhere/program', [], 'KILL');
  expect(await listens(missing, port, 100)).toBe(false);
  await missing.stop();
  expect(findProgram('sh', '/nowhere:/bin')).toBe('/bin/sh');
  expect(findProgram('no-such-program', '/bin')).toBeUndefined();
});

test('arguments, advice and seeds', () => {
  expect(wholeNumber('n', '7', 10)).toBe(7);
  for (const text of ['', '-1', '1.5', '11', '0x1']) expect(() => wholeNumber('n', text, 10)).toThrow(RangeError);
  const inUse = { code: 'EADDRINUSE', syscall: 'listen' };
  expect(portAdvice(inUse, 65_535, 'start', 80)).toContain('start --port 65534');
  expect(portAdvice({ ...inUse, syscall: 'connect' }, 1, 'start', 80)).toBeUndefined();
  const draw = (seed: number) => Array.from({ length: 5 }, seeded(seed));
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  for (const value of draw(3)) expect(value >= 0 && value < 1).toBe(true);
});
