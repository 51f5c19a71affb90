/**
 * HTTP to one of several ports in turn, with the bytes counted where they are: on the sockets.
 *
 * `fetch` counts a body; what a cache saves is also the headers, and what a 304 costs is only headers.
 */
import http from 'node:http';
import type { Socket } from 'node:net';

export interface WireFetch {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Bytes of heads and bodies that arrived, and that were sent. */
  readonly bytes: { readonly received: number; readonly sent: number };
  close(): void;
}

const socketsMax = 128;
const timeoutMs = 15_000;
const noBody = new Set([204, 304]);

/** `ports` is asked anew for each request: a process that comes back has another one. */
export function wireFetch(ports: () => readonly number[]): WireFetch {
  const agent = new http.Agent({ keepAlive: true, maxSockets: socketsMax });
  /** What was counted already of a socket that is used again. */
  const counted = new WeakMap<Socket, { read: number; written: number }>();
  const bytes = { received: 0, sent: 0 };
  let turn = 0;
  const account = (socket: Socket): void => {
    const before = counted.get(socket) ?? { read: 0, written: 0 };
    bytes.received += socket.bytesRead - before.read;
    bytes.sent += socket.bytesWritten - before.written;
    counted.set(socket, { read: socket.bytesRead, written: socket.bytesWritten });
  };
  const once = (request: Request, port: number): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { pathname, search, host } = new URL(request.url);
      const headers = { ...Object.fromEntries(request.headers), host };
      const options = { agent, host: '127.0.0.1', port, method: request.method, path: pathname + search, headers };
      const outgoing = http.request({ ...options, timeout: timeoutMs }, (incoming) => {
        const { socket } = incoming;
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          account(socket);
          const status = incoming.statusCode ?? 500;
          const body = noBody.has(status) ? null : Buffer.concat(chunks);
          resolve(new Response(body, { status, headers: pairs(incoming.rawHeaders) }));
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', reject);
      outgoing.end();
    });
  return {
    fetch: async (request) => {
      const open = ports();
      if (open.length === 0) throw new Error('there is nobody to ask');
      return once(request, open[turn++ % open.length]!);
    },
    bytes,
    close: () => agent.destroy(),
  };
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i]!, raw[i + 1]!]);
  return list;
}
