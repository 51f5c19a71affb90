/**
 * The live stream: one state for all open pages, at a steady pace, as server-sent events (WHATWG HTML, 9.2).
 *
 * Nothing is buffered for a page that reads too slowly. While its socket still holds an earlier event it gets none,
 * and with the next one it is right again, because every event is the whole state; a page that has not read for
 * `skipsMax` events in a row is dropped, and its EventSource comes back when it can.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from './refusal.ts';

const pagesMax = 20;
const skipsMax = 50;

export class LiveStream {
  readonly #state: () => unknown;
  readonly #everyMs: number;
  /** Each page, and the events it has missed in a row. */
  readonly #pages = new Map<ServerResponse, number>();
  #timer: NodeJS.Timeout | undefined;
  #last: string | undefined;

  constructor(state: () => unknown, everyMs: number) {
    this.#state = state;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#everyMs);
  }

  /** Throws Refusal when too many pages are open. */
  attach(request: FastifyRequest, reply: FastifyReply): void {
    if (this.#pages.size >= pagesMax) throw new Refusal(503, `${pagesMax} pages are open; close one.`);
    const headers = reply.getHeaders() as Record<string, string>;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
    raw.write('retry: 1000\n\n');
    // Not a fresh one: a state may count from the state before, and that one belongs to all pages.
    raw.write((this.#last ??= this.#event()));
    this.#pages.set(raw, 0);
    request.socket.once('close', () => this.#pages.delete(raw));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const page of this.#pages.keys()) page.end();
    this.#pages.clear();
  }

  #tick(): void {
    if (this.#pages.size === 0) {
      this.#last = undefined;
      return;
    }
    this.#last = this.#event();
    for (const [page, skips] of this.#pages) {
      if (page.writableLength === 0) {
        this.#pages.set(page, 0);
        page.write(this.#last);
      } else if (skips < skipsMax) {
        this.#pages.set(page, skips + 1);
      } else {
        this.#pages.delete(page);
        page.destroy();
      }
    }
  }

  #event(): string {
    return `data: ${JSON.stringify(this.#state())}\n\n`;
  }
}
