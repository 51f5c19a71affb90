/** Backends that answer every GET of the Redis protocol with a name: behind a proxy they tell whom it asked. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Backend {
  readonly address: string;
  close(): void;
}

const HEAD = /\*2\r\n\$3\r\nGET\r\n\$(\d+)\r\n/y;

/**
 * @param nameOf the name that it answers with
 * @param at host and port, or the path of a unix socket; port 0 takes a free one
 */
export async function startBackend(nameOf: (address: string) => string, at = '127.0.0.1:0'): Promise<Backend> {
  let name = '';
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      text += data.toString('latin1');
      let answers = '';
      let at = 0;
      for (;;) {
        HEAD.lastIndex = at;
        const head = HEAD.exec(text);
        const end = HEAD.lastIndex + Number(head?.[1]) + 2;
        if (head === null || end > text.length) break;
        answers += `$${name.length}\r\n${name}\r\n`;
        at = end;
      }
      text = text.slice(at);
      if (answers !== '') socket.write(answers);
    });
  });
  const [host, port] = at.split(':');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port === undefined ? { path: at } : { host, port: Number(port) }, resolve);
  });
  const address = port === undefined ? at : `${host}:${(server.address() as AddressInfo).port}`;
  name = nameOf(address);
  return {
    address,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
