/**
 * A bus on Redis pub/sub: at most once, in order for each connection, and silent about what it loses.
 *
 * So nothing is assumed of it: what is lost while a connection is away, or is half open for minutes, is what the beats
 * and the numbers of the messages are for. A text that is no message says that somebody speaks who is not understood,
 * a newer version perhaps: it is taken for "everything has changed".
 *
 * A subscription that fails is tried again with the next message, and there is one a heartbeat.
 */
import { requireFunction, requireMethods } from '../check.ts';
import type { Invalidation, InvalidationBus } from '../tiered/remote-tier.ts';
import type { RedisCall } from './redis-tier.ts';

/** A connection for pub/sub alone, which the client itself sets up again when it was lost. */
export interface RedisSubscriber {
  /**
   * Subscribes, and answers how to end it. It should tell `onState` when the connection is lost (false) and when it is
   * subscribed again (true); one that does not is found out by the beats, only later.
   */
  subscribe(
    channel: string,
    on: (text: string) => void,
    onState: (up: boolean) => void,
  ): Promise<() => Promise<unknown>>;
}

export interface RedisBusOptions {
  /** One for each cache. Default 'cache:invalidation'. */
  readonly channel?: string;
}

const unknown: Invalidation = { v: 1, sender: '', seq: 0, all: true };

export function redisBus(call: RedisCall, subscriber: RedisSubscriber, options: RedisBusOptions = {}): InvalidationBus {
  requireFunction('call', call);
  requireMethods('subscriber', subscriber, ['subscribe']);
  const { channel = 'cache:invalidation' } = options;
  /** Subscriptions that have failed: each tries again. */
  const failed = new Set<() => void>();
  return {
    async publish(message) {
      for (const retry of [...failed]) retry();
      await call(['PUBLISH', channel, JSON.stringify(message)]);
    },
    subscribe(on, onState) {
      let ended = false;
      let stop: (() => Promise<unknown>) | undefined;
      const end = (): void => {
        stop?.().catch(() => undefined);
        stop = undefined;
      };
      const start = (): void => {
        failed.delete(start);
        // Whatever comes after the end was still under way.
        const hear = (text: string): void => (ended ? undefined : on(parse(text)));
        const state = (up: boolean): void => (ended ? undefined : onState(up));
        new Promise<() => Promise<unknown>>((resolve) => resolve(subscriber.subscribe(channel, hear, state))).then(
          (stopIt) => {
            stop = stopIt;
            if (ended) end();
            else onState(true);
          },
          () => {
            if (!ended) failed.add(start);
            state(false);
          },
        );
      };
      start();
      return () => {
        ended = true;
        failed.delete(start);
        end();
      };
    },
  };
}

function parse(text: string): Invalidation {
  try {
    const message = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    const { v, sender, seq, keys, tags, all, beat, bye } = message ?? {};
    const named = [keys, tags].find((list) => list !== undefined);
    const about = named === undefined ? [all, beat, bye].includes(true) : isTexts(named);
    return v === 1 && typeof sender === 'string' && Number.isInteger(seq) && about
      ? (message as Invalidation)
      : unknown;
  } catch {
    return unknown;
  }
}

function isTexts(list: unknown): boolean {
  return Array.isArray(list) && list.every((text) => typeof text === 'string');
}
