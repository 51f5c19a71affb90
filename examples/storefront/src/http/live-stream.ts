/**
 * The live stream: the shop's state to every open page once a second, as server-sent events (WHATWG HTML, 9.2).
 *
 * One state is made and encoded for all. A page that does not read fast enough is not waited for and not buffered
 * for: while its socket still holds an earlier state it gets none, and with the next one it is right again.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LiveState } from '../live-state.ts';
import { Refusal } from './server.ts';

const pagesMax = 50;
const everyMs = 1000;

export class LiveStream {
  readonly #state: () => Promise<LiveState>;
  readonly #pages = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;

  constructor(state: () => Promise<LiveState>) {
    this.#state = state;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#send([...this.#pages].filter((page) => page.writableLength === 0));
    }, everyMs);
  }

  attach(request: FastifyRequest, reply: FastifyReply): void {
    if (this.#pages.size >= pagesMax) {
      throw new Refusal(503, 'TOO_MANY_PAGES', `${pagesMax} pages are open; close one.`);
    }
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write('retry: 1000\n\n');
    this.#pages.add(raw);
    request.socket.once('close', () => this.#pages.delete(raw));
    this.#send([raw]);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const page of this.#pages) page.end();
    this.#pages.clear();
  }

  #send(pages: readonly ServerResponse[]): void {
    if (pages.length === 0) return;
    this.#state().then(
      (state) => {
        const message = `event: state\ndata: ${JSON.stringify(state)}\n\n`;
        // The stream may have been closed, or a page have gone, while the state was made.
        for (const page of pages) if (this.#pages.has(page)) page.write(message);
      },
      // A shop that cannot say how it is ends by itself (`onFatal`); a page shows that nothing comes.
      () => undefined,
    );
  }
}
