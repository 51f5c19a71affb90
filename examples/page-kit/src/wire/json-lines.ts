/**
 * Calls and notices over a loopback socket: one JSON object a line.
 *
 * A call `{ n, op, args }` is answered by `{ n, value }` or `{ n, error }`; a notice `{ notice }` goes to every
 * connection and is never answered. Nothing is retried here: a call whose connection ends is rejected, because only its
 * caller knows whether it may be made again. Calls under way, the length of a line and what a slow reader may leave
 * unread are bounded.
 */
import net from 'node:net';

const lineCharsMax = 1 << 20;
const pendingMax = 20_000;
const unreadBytesMax = 8 << 20;
const reconnectMs = 50;

export type Handler = (args: readonly never[]) => unknown;

export class CallError extends Error {
  /** 'DOWN': there is no connection, or it ended before the answer. 'FAILED': the other side threw. */
  readonly code: 'DOWN' | 'FAILED';

  constructor(code: 'DOWN' | 'FAILED', message: string) {
    super(message);
    this.code = code;
  }
}

interface Line {
  readonly n?: number;
  readonly op?: string;
  readonly args?: readonly never[];
  readonly value?: unknown;
  readonly error?: string;
  readonly notice?: unknown;
}

/** Splits what arrives into lines; ends a connection whose line has no end. */
function readLines(socket: net.Socket, on: (line: Line) => void): void {
  let rest = '';
  socket.setEncoding('utf8').setNoDelay(true);
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineCharsMax) {
      socket.destroy();
      return;
    }
    for (const line of lines) on(JSON.parse(line) as Line);
  });
}

export interface LineServer {
  readonly port: number;
  /** To every connection. */
  notify(notice: unknown): void;
  close(): Promise<void>;
}

/** Listens on a free port of loopback. */
export async function lineServer(handlers: Readonly<Record<string, Handler>>): Promise<LineServer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const send = (line: object): void => {
      if (socket.writableLength > unreadBytesMax) socket.destroy();
      else if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
    };
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    readLines(socket, ({ n, op = '', args = [] }) => {
      const handler = handlers[op];
      new Promise((resolve, reject) => {
        if (handler === undefined) reject(new Error(`there is no operation ${op}`));
        else resolve(handler(args));
      }).then(
        (value) => send({ n, value }),
        (error: unknown) => send({ n, error: error instanceof Error ? error.message : String(error) }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    notify: (notice) => {
      const line = `${JSON.stringify({ notice })}\n`;
      for (const socket of sockets) {
        if (socket.writableLength > unreadBytesMax) socket.destroy();
        else socket.write(line);
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Call {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** Connects, and connects again until `close`; the address may change, as when a process comes back elsewhere. */
export class LineClient {
  readonly #calls = new Map<number, Call>();
  readonly #onNotice: (notice: never) => void;
  readonly #onState: (up: boolean) => void;
  #port: number;
  #socket: net.Socket | undefined;
  #isUp = false;
  #isClosed = false;
  #last = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(
    port: number,
    onNotice: (notice: never) => void = () => undefined,
    onState: (up: boolean) => void = () => undefined,
  ) {
    this.#port = port;
    this.#onNotice = onNotice;
    this.#onState = onState;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Goes to another port from now on. */
  moveTo(port: number): void {
    if (port === this.#port && this.#isUp) return;
    this.#port = port;
    this.#socket?.destroy();
    if (this.#socket === undefined) this.#connect();
  }

  call<T>(op: string, ...args: readonly unknown[]): Promise<T> {
    if (!this.#isUp || this.#calls.size >= pendingMax) {
      return Promise.reject(new CallError('DOWN', this.#isUp ? 'too many calls are under way' : 'not connected'));
    }
    return new Promise((resolve, reject) => {
      const n = ++this.#last;
      this.#calls.set(n, { resolve: resolve, reject });
      this.#socket!.write(`${JSON.stringify({ n, op, args })}\n`);
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    const socket = net.connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    socket.on('connect', () => {
      this.#isUp = true;
      this.#onState(true);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed());
    readLines(socket, ({ n, value, error, notice }) => {
      if (n === undefined) {
        this.#onNotice(notice as never);
        return;
      }
      const call = this.#calls.get(n);
      this.#calls.delete(n);
      if (error === undefined) call?.resolve(value as never);
      else call?.reject(new CallError('FAILED', error));
    });
  }

  #closed(): void {
    const wasUp = this.#isUp;
    this.#isUp = false;
    this.#socket = undefined;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.reject(new CallError('DOWN', 'the connection ended'));
    if (wasUp) this.#onState(false);
    if (!this.#isClosed) this.#retry = setTimeout(() => this.#connect(), reconnectMs);
  }
}
