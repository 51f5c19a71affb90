/**
 * nginx as the edge: proxy_cache in front of the three apps, on a free port, in a folder that goes away with it.
 *
 * What it did is in its own variable, $upstream_cache_status; the configuration says the same as `Cache-Status`, so that
 * the counters need not know who the edge is. It obeys the apps' Cache-Control, stale-while-revalidate included, and is
 * allowed an old answer only when an app fails. Two things differ from the package's cache: nginx adds no `Age`, and it
 * forgets nothing because of a write.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort, listens, startGuarded } from '@loadbearing-examples/page-kit/guarded.ts';
import { wireFetch } from '../layers/wire-fetch.ts';
import type { Edge } from './edge.ts';

const attemptsMax = 5;
const upWithinMs = 5000;
/** Bounds the number of answers it keeps, to a few hundred: an edge that keeps everything would hide what is below. */
const zoneSize = '64k';

/** Pure. All paths are inside `folder`. */
export const nginxConfig = (folder: string, port: number, apps: readonly number[]): string => `
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
user root;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/temp;
  proxy_temp_path ${folder}/temp;
  fastcgi_temp_path ${folder}/temp;
  uwsgi_temp_path ${folder}/temp;
  scgi_temp_path ${folder}/temp;
  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=edge:${zoneSize} inactive=10m use_temp_path=off;
  map $upstream_cache_status $edge_status {
    HIT "edge; hit";
    STALE "edge; hit; detail=stale";
    UPDATING "edge; hit; detail=updating";
    MISS "edge; fwd=uri-miss";
    EXPIRED "edge; fwd=stale";
    REVALIDATED "edge; fwd=stale; fwd-status=304";
    BYPASS "edge; fwd=bypass";
    default "";
  }
  upstream apps {
${apps.map((app) => `    server 127.0.0.1:${app};`).join('\n')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / {
      proxy_pass http://apps;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_cache edge;
      proxy_cache_key $http_x_generation$host$request_uri;
      proxy_cache_lock on;
      proxy_cache_revalidate on;
      proxy_cache_background_update on;
      proxy_cache_use_stale error timeout http_503;
      add_header Cache-Status $edge_status always;
    }
  }
}
`;

/** Rejects when nginx does not start. `folder` is the caller's, to remove after `close`. */
export async function nginxEdge(binary: string, folder: string, apps: () => readonly number[]): Promise<Edge> {
  const direct = wireFetch(apps);
  for (let attempt = 1; ; attempt++) {
    // Somebody may take the port in between; then the next attempt has another one.
    const port = await freePort();
    const dir = path.join(folder, `nginx-${port}`);
    await mkdir(path.join(dir, 'temp'), { recursive: true });
    await writeFile(path.join(dir, 'nginx.conf'), nginxConfig(dir, port, apps()));
    const args = ['-p', dir, '-e', `${dir}/error.log`, '-c', `${dir}/nginx.conf`, '-g', 'daemon off;'];
    const server = startGuarded(binary, args, 'TERM');
    if (await listens(server, port, upWithinMs)) return edge(port, direct, () => server.stop());
    await server.stop();
    if (attempt === attemptsMax) throw new Error(`${binary} did not start; it wrote why to ${dir}/error.log`);
  }
}

function edge(port: number, direct: ReturnType<typeof wireFetch>, stop: () => Promise<void>): Edge {
  const through = wireFetch(() => [port]);
  let isOn = true;
  /** Part of its cache key: another number is an empty cache. */
  let generation = 1;
  return {
    name: 'nginx',
    fetch: (request) => {
      if (!isOn) return direct.fetch(request);
      const headers = new Headers(request.headers);
      headers.set('x-generation', String(generation));
      return through.fetch(new Request(request, { headers }));
    },
    get isOn() {
      return isOn;
    },
    set isOn(value) {
      if (value && !isOn) generation++;
      isOn = value;
    },
    close: async () => {
      through.close();
      direct.close();
      await stop();
    },
  };
}
