/** A client that sees exactly what was sent, may leave early, and may announce a body that it never sends. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Call {
  readonly answer: Promise<Answer>;
  leave(): void;
}

export function call(port: number, path: string, headers: Record<string, string> = {}): Call {
  const outgoing = request({ port, host: '127.0.0.1', path, headers, agent: false });
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers as Record<string, string>, body }),
      );
    });
  });
  answer.catch(() => undefined);
  outgoing.end();
  return { answer, leave: () => outgoing.destroy() };
}

export const get = (port: number, path: string = '/', headers?: Record<string, string>): Promise<Answer> =>
  call(port, path, headers).answer;

/** Sends these bytes and collects what comes back, without a parser in between. */
export function raw(port: number, bytes: string): { readonly socket: Socket; readonly received: () => string } {
  let text = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  return { socket, received: () => text };
}
