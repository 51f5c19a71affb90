/**
 * Events of a cache on `node:diagnostics_channel`: `loadbearing:cache:<event>`.
 *
 * Whoever wants to watch subscribes by name, without a handle on the cache; where nobody does, an event costs one
 * property read and no object. Subscribers run in place: what they throw, Node reports as uncaught after the operation,
 * so the cache is never hurt. Keys travel in the messages: do not write them to a log unseen.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { CacheObserver, RemovalReason } from '../types.ts';

/** What subscribers get; each event fills in what it knows. */
export interface ChannelMessage {
  /** The name given to `channelObserver`. */
  readonly cache: string;
  readonly key: unknown;
  /** Of a removal. */
  readonly reason?: RemovalReason;
  /** Of a load that ended: milliseconds it took, and what it brought. */
  readonly ms?: number;
  readonly outcome?: 'value' | 'absent' | 'error' | 'discarded';
}

/**
 * An observer that publishes `miss`, `remove`, `loadStart` and `loadEnd` on the channels `loadbearing:cache:miss` and so
 * on; `name` tells caches apart in the messages.
 */
export function channelObserver<K>(name: string): CacheObserver<K> {
  const open = (event: string): Channel => channel(`loadbearing:cache:${event}`);
  const miss = open('miss');
  const remove = open('remove');
  const loadStart = open('loadStart');
  const loadEnd = open('loadEnd');
  const publish = (to: Channel, message: Omit<ChannelMessage, 'cache'>): void =>
    to.publish({ cache: name, ...message });
  return {
    miss: (key) => miss.hasSubscribers && publish(miss, { key }),
    remove: (key, reason) => remove.hasSubscribers && publish(remove, { key, reason }),
    loadStart: (key) => loadStart.hasSubscribers && publish(loadStart, { key }),
    loadEnd: (key, ms, outcome) => loadEnd.hasSubscribers && publish(loadEnd, { key, ms, outcome }),
  };
}
