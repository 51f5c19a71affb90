/**
 * `node:http` requests and responses, as far as a guard uses them, and the watch over a request under way.
 *
 * A request is over when its response has closed: finished, or because the client went away. One case hides from that:
 * a pipelined request whose predecessor is still being answered has no socket on its response yet, so if the connection
 * closes then, its response never hears of it. That is why the socket is watched too, by one listener per connection.
 */
import type { RequestInfo } from '../http/address.ts';
import type { Guard } from '../http/guard.ts';
import type { Verdict } from '../http/verdict.ts';

export interface NodeSocket {
  readonly remoteAddress?: string | undefined;
  readonly destroyed?: boolean;
  once(event: 'close', listener: () => void): unknown;
}

/** An `http.IncomingMessage` or what extends it. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: NodeSocket;
}

/** An `http.ServerResponse` or what extends it. */
export interface NodeResponse {
  statusCode: number;
  readonly writableEnded: boolean;
  readonly destroyed?: boolean;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export function describeNode(request: NodeRequest): RequestInfo {
  return {
    remoteAddress: request.socket.remoteAddress,
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    header: (name) => {
      const value = request.headers[name];
      return typeof value === 'object' ? value.join(', ') : value;
    },
  };
}

/** What is said to a client that is no longer there. */
const GONE: Verdict = { allowed: false, status: 503, headers: [], body: '' };

/**
 * `guard.check`, and `guard.settle` when the response is over, however that comes about. A client that leaves while the
 * guard decides is refused, so no handler runs for it.
 */
export function checkWatched<R>(
  guard: Guard<R>,
  given: R,
  request: NodeRequest,
  response: NodeResponse,
): Verdict | Promise<Verdict> {
  if (!guard.tracks) return guard.check(given);
  let over = false;
  let verdict: Verdict | undefined;
  let aborts: AbortController | undefined;
  const signal = (): AbortSignal => {
    aborts = new AbortController();
    if (over) aborts.abort();
    return aborts.signal;
  };
  const end = (): void => {
    if (over) return;
    over = true;
    forget();
    aborts?.abort();
    if (verdict !== undefined) guard.settle(verdict, response.writableEnded ? response.statusCode : undefined);
  };
  const decided = (given: Verdict): Verdict => {
    if (over) {
      guard.settle(given, undefined);
      return GONE;
    }
    verdict = given;
    return given;
  };
  const forget = onClose(request.socket, end);
  response.once('close', end);
  if (response.destroyed === true || request.socket.destroyed === true) end();
  const answer = guard.check(given, signal);
  return answer instanceof Promise ? answer.then(decided) : decided(answer);
}

const watchers = new WeakMap<NodeSocket, Set<() => void>>();

/** Calls back when the socket closes; the function returned forgets that. */
function onClose(socket: NodeSocket, listener: () => void): () => void {
  let listeners = watchers.get(socket);
  if (listeners === undefined) {
    const all = new Set<() => void>();
    listeners = all;
    watchers.set(socket, all);
    socket.once('close', () => {
      for (const each of [...all]) each();
    });
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Sets the fields, and if the request is refused, answers it. Returns whether it may go on. */
export function respond(verdict: Verdict, response: NodeResponse): boolean {
  if (verdict.allowed || !(response.writableEnded || response.destroyed === true)) {
    for (const [name, value] of verdict.headers) response.setHeader(name, value);
  }
  if (verdict.allowed) return true;
  response.statusCode = verdict.status;
  response.end(verdict.body);
  return false;
}
