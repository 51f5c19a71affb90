/**
 * Limits on the messages of one WebSocket of the `ws` package.
 *
 * Messages are decided about one after the other and delivered in order. While one waits, for a store that answers
 * later or for its turn under 'pause', the socket is not read, so TCP slows the sender down. What arrives all the same
 * had been read before, at most the rest of one chunk of the socket; it is held, up to {@link HELD_MAX} messages, and
 * beyond that the connection is closed.
 *
 * A message that costs more than a limit's whole quota can never be allowed: under 'pause' it closes the connection as
 * too big (1009) instead of waiting forever. A refusal that closes is a policy violation (1008, RFC 6455).
 */
import { requireInteger, requireOneOf } from '../check.ts';
import type { Decision } from '../decision.ts';
import { systemTimers, type Timers } from '../environment.ts';
import { requireKey } from '../keys.ts';
import type { Limiter, SyncLimiter } from '../limiter.ts';

/** What `ws` gives to a listener: bytes, whole or in fragments. */
export type MessageData = ArrayBuffer | Uint8Array | readonly Uint8Array[];

type Listener<D> = (data: D, isBinary: boolean) => void;

/** A `WebSocket` of the `ws` package. */
export interface MessageSource<D> {
  on(event: 'message', listener: Listener<D>): unknown;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'message', listener: Listener<D>): unknown;
  off(event: 'close', listener: () => void): unknown;
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
}

export interface MessageOptions {
  readonly limiter: Limiter;
  /** Whom the messages count for, such as the user or the address of the upgrade request. */
  readonly key: string;
  /** What a message costs: 1 (default), or its bytes, at least 1. */
  readonly cost?: 'messages' | 'bytes';
  /** 'drop' ignores a refused message, 'pause' waits until it fits, 'close' closes the connection. */
  readonly onExcess: 'drop' | 'pause' | 'close';
  /** Under 'drop': closes at the so-manieth refusal in a row, an integer of at least 1. Default: never. */
  readonly closeAfter?: number;
  /** For 'pause'. Default `setTimeout` and `clearTimeout`. */
  readonly timers?: Timers;
}

/** The most messages that are held while one waits. */
export const HELD_MAX = 16_384;
const TIMER_MAX_MS = 2 ** 31 - 1;
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

/**
 * Calls `onMessage` for the messages of `ws` that are allowed. The function returned stops that, forgets what is held
 * and lets the socket be read again; so does the closing of the socket.
 *
 * What `onMessage` throws is thrown to the emitter or, after a wait, to nobody: an uncaught error.
 *
 * @throws {TypeError | RangeError} when an option is wrong
 */
export function guardMessages<D extends MessageData = MessageData>(
  ws: MessageSource<D>,
  options: MessageOptions,
  onMessage: (data: D, isBinary: boolean) => void,
): () => void {
  const { limiter, key, onExcess, timers = systemTimers } = options;
  requireKey(key);
  requireOneOf('onExcess', onExcess, ['drop', 'pause', 'close']);
  const byBytes = requireOneOf('cost', options.cost ?? 'messages', ['messages', 'bytes']) === 'bytes';
  const closeAfter =
    options.closeAfter === undefined ? Infinity : requireInteger('closeAfter', options.closeAfter, 1, 2 ** 31);

  const held: { readonly data: D; readonly isBinary: boolean }[] = [];
  let timer: unknown;
  let paused = false; // A message waits, so the socket is not read.
  let busy = false; // Somebody will look at what is held.
  let stopped = false;
  let refusals = 0;

  function receive(data: D, isBinary: boolean): void {
    if (held.length >= HELD_MAX) {
      close(POLICY_VIOLATION, 'too many messages at once');
      return;
    }
    held.push({ data, isBinary });
    if (!busy) drain();
  }

  function drain(): void {
    busy = true;
    let waits = false;
    try {
      while (held.length > 0 && !waits) {
        const units = byBytes ? Math.max(1, bytesOf(held[0]!.data)) : 1;
        if (isSync(limiter)) {
          waits = apply(limiter.takeSync(key, units));
        } else {
          waits = true;
          pause();
          void limiter.take(key, units).then((decision) => {
            if (!stopped) conclude(decision);
          });
        }
      }
    } finally {
      // Only if onMessage threw is there more to do.
      busy = waits || held.length > 0;
      if (!waits && busy) timer = timers.set(drain, 0);
      else if (!busy && paused) resume();
    }
  }

  function conclude(decision: Decision): void {
    let waits = false;
    try {
      waits = apply(decision);
    } finally {
      if (!waits) drain();
    }
  }

  /** Does with the first message what was decided. Returns whether it waits. */
  function apply(decision: Decision): boolean {
    if (!decision.allowed) return refuse(decision.retryAfterMs);
    refusals = 0;
    const { data, isBinary } = held.shift()!;
    onMessage(data, isBinary);
    return false;
  }

  function refuse(retryAfterMs: number): boolean {
    if (onExcess === 'pause' && retryAfterMs !== Infinity) {
      pause();
      timer = timers.set(drain, Math.min(Math.ceil(retryAfterMs), TIMER_MAX_MS));
      return true;
    }
    held.shift();
    refusals++;
    if (onExcess === 'pause') close(TOO_BIG, 'message is larger than the quota');
    else if (onExcess === 'close' || refusals >= closeAfter) close(POLICY_VIOLATION, 'too many messages');
    return false;
  }

  function pause(): void {
    if (!paused) ws.pause();
    paused = true;
  }

  function resume(): void {
    paused = false;
    ws.resume();
  }

  function close(code: number, reason: string): void {
    stop();
    ws.close(code, reason);
  }

  function stop(): void {
    if (stopped) return;
    stopped = true;
    held.length = 0;
    timers.clear(timer);
    ws.off('message', receive);
    ws.off('close', stop);
    if (paused) resume();
  }

  ws.on('message', receive);
  ws.on('close', stop);
  return stop;
}

const isSync = (limiter: Limiter): limiter is SyncLimiter => 'takeSync' in limiter;

function bytesOf(data: MessageData): number {
  if (!Array.isArray(data)) return (data as ArrayBuffer | Uint8Array).byteLength;
  return (data as readonly Uint8Array[]).reduce((sum, { byteLength }) => sum + byteLength, 0);
}
