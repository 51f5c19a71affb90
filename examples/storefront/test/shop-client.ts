/** Requests as a stranger could send them: any method, any header (the host too), any bytes. */
import http from 'node:http';
import net from 'node:net';

/** Whatever it is; a test says what it expects to find in it. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: Json;
}

export interface Question {
  /** Sent as JSON, unless it is a text: that is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ShopClient {
  readonly port: number;
  #address = 0;

  constructor(url: string) {
    this.port = Number(new URL(url).port);
  }

  /**
   * One request. Unless `x-forwarded-for` is given it comes from an address of its own, and when the whole shop is
   * too busy it waits and asks again: tests that are not about limits do not meet them.
   */
  async ask(method: string, target: string, question: Question = {}): Promise<Answer> {
    for (;;) {
      const answer = await this.#ask(method, target, question);
      if (answer.status !== 429 || question.headers?.['x-forwarded-for'] !== undefined) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #ask(method: string, target: string, { body, headers = {} }: Question): Promise<Answer> {
    this.#address = (this.#address + 1) % 60_000;
    const bytes = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const all: Record<string, string> = {
      'x-forwarded-for': `10.9.${Math.floor(this.#address / 250)}.${(this.#address % 250) + 1}`,
      ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port: this.port, method, path: target, headers: all, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode!, headers: response.headers, text, json: parsed(text) });
          });
        },
      );
      request.on('error', reject);
      request.end(bytes);
    });
  }

  /** Raw bytes on a socket, and everything that comes back until the other side closes. */
  raw(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      const socket = net.connect(this.port, '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
  }

  /** Opens the live stream; resolves with its head. */
  live(): Promise<{ readonly response: http.IncomingMessage; readonly close: () => void }> {
    return new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port: this.port, path: '/api/live', agent: false }, (response) => {
        response.on('error', () => undefined);
        resolve({ response, close: () => request.destroy() });
      });
      request.on('error', reject);
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
