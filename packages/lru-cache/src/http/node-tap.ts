/**
 * Tapping a node:http response: hearing what a handler writes, and if need be writing something else in its place.
 *
 * The moment that matters is just before the header goes out, by `writeHead`, `flushHeaders`, or the first `write` or
 * `end`. Then `onHead` sees the status and the complete header, and may replace the response: from then on what the
 * handler writes is dropped, and nobody notices but the client. Otherwise every chunk is shown to `onChunk` and goes
 * its way; what `write` returns is what the socket says, so backpressure is what it was.
 *
 * The end is an `end` that the handler called. A response that closes before it was cut off, by the client or by an
 * error, and is never mistaken for a whole one.
 *
 * The interfaces name what we use of node:http and of http2's compatible API, and import neither.
 */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** The URL before a framework mounted us somewhere. */
  readonly originalUrl?: string | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  /** With `encrypted`, when it is TLS. */
  readonly socket?: object | null | undefined;
}

export interface NodeResponse {
  statusCode: number;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  setHeader(name: string, value: string | string[]): unknown;
  removeHeader(name: string): void;
  writeHead(status: number, ...rest: unknown[]): unknown;
  write(chunk: unknown, ...rest: unknown[]): boolean;
  end(...args: unknown[]): unknown;
  flushHeaders?(): void;
  once(event: 'close', call: () => void): unknown;
  removeListener(event: 'close', call: () => void): unknown;
}

export interface TapHooks {
  /** Before the header goes out. True when it has answered by itself, by the methods it is given. */
  onHead(status: number, end: (body: Uint8Array | undefined) => void): boolean;
  onChunk(chunk: Uint8Array): void;
  /** Once: the handler called `end`, or never will. */
  onEnd(complete: boolean): void;
}

function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? chunk : undefined;
}

/** Fields given to `writeHead`, set one by one, so that the header is complete where it is read. */
function setAll(res: NodeResponse, fields: unknown): void {
  if (Array.isArray(fields)) {
    const pairs: [unknown, unknown][] = [];
    if (Array.isArray(fields[0])) pairs.push(...(fields as [unknown, unknown][]));
    else for (let i = 0; i + 1 < fields.length; i += 2) pairs.push([fields[i], fields[i + 1]]);
    const lists = new Map<string, string[]>();
    for (const [name, value] of pairs) {
      const key = String(name).toLowerCase();
      lists.set(key, [...(lists.get(key) ?? []), ...[value].flat().map(String)]);
    }
    for (const [name, values] of lists) res.setHeader(name, values.length === 1 ? (values[0] as string) : values);
  } else if (typeof fields === 'object' && fields !== null) {
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) res.setHeader(name, value as string | string[]);
    }
  }
}

/** Watches this response until its end. */
export function tapResponse(res: NodeResponse, hooks: TapHooks): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with `res` as `this` below
  const { writeHead, write, end, flushHeaders } = res;
  let state: 'waiting' | 'relayed' | 'replaced' = 'waiting';
  let isOver = false;
  let ending = false;

  const over = (complete: boolean): void => {
    if (!isOver) hooks.onEnd(complete);
    isOver = true;
  };
  const isReplaced = (status: number): boolean => {
    if (state === 'waiting') {
      // At once, since sending the header comes through here again.
      state = 'relayed';
      if (hooks.onHead(status, (body) => end.call(res, ...(body === undefined ? [] : [body])))) {
        state = 'replaced';
        isOver = true;
      }
    }
    return state === 'replaced';
  };

  res.writeHead = (status, ...rest) => {
    if (state !== 'waiting') return state === 'replaced' ? res : writeHead.call(res, status, ...rest);
    const [reason, fields] = typeof rest[0] === 'string' ? rest : [undefined, rest[0] ?? rest[1]];
    setAll(res, fields);
    res.statusCode = status;
    if (isReplaced(status)) return res;
    return reason === undefined ? writeHead.call(res, status) : writeHead.call(res, status, reason);
  };
  res.write = (chunk, ...rest) => {
    const replaced = isReplaced(res.statusCode);
    const bytes = ending ? undefined : bytesOf(chunk, rest[0]);
    if (!replaced) {
      if (bytes !== undefined && !isOver) hooks.onChunk(bytes);
      return write.call(res, chunk, ...rest);
    }
    const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (done !== undefined) queueMicrotask(done);
    return true;
  };
  res.end = (...args) => {
    if (isReplaced(res.statusCode)) {
      const done = args.find((argument) => typeof argument === 'function') as (() => void) | undefined;
      if (done !== undefined) queueMicrotask(done);
      return res;
    }
    const bytes = bytesOf(args[0], args[1]);
    if (bytes !== undefined && !isOver) hooks.onChunk(bytes);
    // http2's `end` goes through `write`.
    ending = true;
    const result = end.apply(res, args);
    ending = false;
    over(true);
    return result;
  };
  if (flushHeaders !== undefined) {
    res.flushHeaders = () => {
      if (!isReplaced(res.statusCode)) flushHeaders.call(res);
    };
  }
  res.once('close', () => over(false));
}
