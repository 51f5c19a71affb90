/**
 * Capture: the copy of a body that is kept while the body goes by.
 *
 * Chunks are copied, because whoever reads the original may change it. A body above `maxEntryBytes` is let go, and so
 * is one when all captures together would exceed `maxBytes`: what is on its way in is bounded like what is in. A body
 * whose length is not what `Content-Length` said is truncated, and nobody wants the rest of a page tomorrow.
 */
/** Bytes held by all captures of one cache. */
export interface CaptureBudget {
  used: number;
  readonly max: number;
}

export class Capture {
  private chunks: Uint8Array[] | undefined = [];
  private bytes = 0;
  declare private readonly budget: CaptureBudget;
  declare private readonly maxBytes: number;
  declare private readonly announced: number | undefined;

  /** `announced` is the length that the body will have, if that is known. */
  constructor(budget: CaptureBudget, maxBytes: number, announced: number | undefined) {
    this.budget = budget;
    this.maxBytes = maxBytes;
    this.announced = announced;
    if (announced !== undefined && announced > maxBytes) this.drop();
  }

  /** Whether the body can still become an entry. */
  get open(): boolean {
    return this.chunks !== undefined;
  }

  push(chunk: Uint8Array): void {
    if (this.chunks === undefined) return;
    this.bytes += chunk.byteLength;
    this.budget.used += chunk.byteLength;
    if (this.bytes > this.maxBytes || this.budget.used > this.budget.max) this.drop();
    else this.chunks.push(chunk.slice());
  }

  /** The body, if all of it was captured. O(bytes). */
  finish(): Uint8Array | undefined {
    const { chunks, bytes } = this;
    this.drop();
    if (chunks === undefined || (this.announced !== undefined && this.announced !== bytes)) return undefined;
    if (chunks.length === 1) return chunks[0];
    const body = new Uint8Array(bytes);
    let at = 0;
    for (const chunk of chunks) {
      body.set(chunk, at);
      at += chunk.byteLength;
    }
    return body;
  }

  /** Lets go of what was captured. */
  drop(): void {
    this.chunks = undefined;
    this.budget.used -= this.bytes;
    this.bytes = 0;
  }
}

/** How a capture ended: with the whole body, with more than may be stored, or before the end of the body. */
export type Captured = Uint8Array | 'too-large' | 'broken';

/**
 * The body as a stream for the client, captured as it goes by; `onEnd` is called once.
 *
 * As long as there is hope of storing it, the body is read at the origin's pace: requests that wait for the entry do
 * not depend on how fast this one's client reads, nor on whether it stays. What is read ahead is at most
 * `maxEntryBytes`. From then on the client's pace holds, and its leaving ends the transfer.
 */
export function captureStream(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  capture: Capture,
  onEnd: (captured: Captured) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let left = false;
  let onPull: (() => void) | undefined;
  let told = false;
  const end = (captured: Captured): void => {
    if (!told) onEnd(captured);
    told = true;
  };

  async function pump(client: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        capture.push(value);
        if (!capture.open) end('too-large');
        if (!left) client.enqueue(value);
        while (!capture.open && !left && (client.desiredSize ?? 0) <= 0) await new Promise<void>((go) => (onPull = go));
        if (!capture.open && left) {
          await reader.cancel();
          return;
        }
      }
      end(capture.finish() ?? 'broken');
      if (!left) client.close();
    } catch (error) {
      capture.drop();
      end('broken');
      if (!left) client.error(error);
    }
  }

  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(client): void {
      void pump(client);
    },
    pull(): void {
      onPull?.();
    },
    cancel(reason): Promise<void> | undefined {
      left = true;
      onPull?.();
      return capture.open ? undefined : reader.cancel(reason);
    },
  });
}
