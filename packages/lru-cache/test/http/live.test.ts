/**
 * Beside nginx, where it is installed: as the origin of httpCache, and as the cache before nodeHttpCache. Two
 * implementations that were written by different people agree on what the fields mean.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpCache } from '../../src/http/http-cache.ts';
import { nodeHttpCache } from '../../src/http/node.ts';

function isInstalled(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('nginx is not installed: its tests are skipped');
    return false;
  }
}

async function freePort(): Promise<number> {
  const socket = createSocketServer();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

describe.skipIf(!isInstalled())('nginx', () => {
  let folder: string;
  let nginx: ChildProcess;
  let app: Server;
  let front: string;
  let calls = 0;
  const started = Date.now();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'http-cache-'));
    // Its workers may run as somebody else.
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'page.txt'), 'a static page');
    utimesSync(join(folder, 'page.txt'), 1e9, 1e9);
    // For the app time stands still, so that what it holds is fresh when nginx has long forgotten.
    const cached = nodeHttpCache({ name: 'app', maxBytes: 1e6, wallClock: { now: () => started } });
    app = createServer((req, res) => {
      cached(req, res, () => {
        calls++;
        res.writeHead(200, { 'cache-control': 'max-age=1', etag: '"1"' }).end('made by hand');
      });
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const port = await freePort();
    front = `http://127.0.0.1:${port}`;
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
       events { worker_connections 64; }
       http {
         access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/t; fastcgi_temp_path ${folder}/f;
         uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
         proxy_cache_path ${folder}/cache keys_zone=pages:1m;
         server {
           listen 127.0.0.1:${port};
           location /static/ { alias ${folder}/; expires 60s; }
           location /app/ {
             proxy_pass http://127.0.0.1:${(app.address() as AddressInfo).port};
             proxy_cache pages; proxy_cache_revalidate on;
             add_header X-Edge $upstream_cache_status;
           }
         }
       }`,
    );
    nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')], {
      stdio: 'ignore',
    });
    for (let tries = 0; ; tries++) {
      try {
        await fetch(`${front}/static/page.txt`);
        break;
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  });

  afterAll(async () => {
    nginx.kill('SIGTERM');
    await new Promise((resolve) => nginx.once('exit', resolve));
    app.closeAllConnections();
    await new Promise((resolve) => app.close(resolve));
    rmSync(folder, { recursive: true });
  });

  it('as the origin: its Expires, ETag and Last-Modified are understood, and it confirms what we hold', async () => {
    let shift = 0;
    const seen: number[] = [];
    const cached = httpCache({
      fetch: async (request) => {
        const response = await fetch(request);
        seen.push(response.status);
        return response;
      },
      shared: true,
      name: 'edge',
      maxBytes: 1e6,
      wallClock: { now: () => Date.now() + shift },
    });
    const ask = async (): Promise<[string, string | null]> => {
      const response = await cached(new Request(`${front}/static/page.txt`));
      return [await response.text(), response.headers.get('cache-status')];
    };
    expect(await ask()).toEqual(['a static page', 'edge; fwd=uri-miss; fwd-status=200; stored']);
    expect((await ask())[1]).toMatch(/^edge; hit; ttl=(60|5\d)$/);
    // Our clock is a minute ahead of its, so by the clocks what it sends now is already a minute old.
    shift = 61_000;
    expect((await ask())[1]).toMatch(/^edge; fwd=stale; fwd-status=304; ttl=-\d; stored$/);
    expect(await ask()).toEqual(['a static page', expect.stringMatching(/fwd-status=304/)]);
    expect(seen).toEqual([200, 304, 304]);
  });

  it('as the cache before ours: keeps our answer, and revalidates it from our store without the handler', async () => {
    const uri = `${front}/app/x`;
    const first = await fetch(uri);
    expect([await first.text(), first.headers.get('x-edge')]).toEqual(['made by hand', 'MISS']);
    expect(first.headers.get('cache-status')).toBe('app; fwd=uri-miss; fwd-status=200; stored');
    expect((await fetch(uri)).headers.get('x-edge')).toBe('HIT');
    expect(calls).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const third = await fetch(uri);
    expect([await third.text(), third.headers.get('x-edge')]).toEqual(['made by hand', 'REVALIDATED']);
    // (nginx keeps the fields of its first answer, Cache-Status included.)
    expect(calls).toBe(1);
  });
});
