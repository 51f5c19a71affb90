/** The package's seams for a second level, RemoteTier and InvalidationBus, spoken to the process of shared-tier.ts. */
import type { Invalidation, InvalidationBus, RemoteTier, TierRead } from '@loadbearing/lru-cache/tiered';
import { LineClient } from '@loadbearing-examples/page-kit/wire/json-lines.ts';

/** What both sides agree on: how long a fence stands. */
export const fenceMs = 60_000;

export interface RemoteLevel {
  readonly tier: RemoteTier;
  readonly bus: InvalidationBus;
  /** It has come back at another port. */
  moveTo(port: number): void;
  close(): Promise<void>;
}

export function lineLevel(port: number): RemoteLevel {
  const hearers = new Set<(message: Invalidation) => void>();
  const watchers = new Set<(up: boolean) => void>();
  const client = new LineClient(
    port,
    (message: Invalidation) => {
      for (const hear of hearers) hear(message);
    },
    (up) => {
      for (const watch of watchers) watch(up);
    },
  );
  return {
    tier: {
      fenceMs,
      read: (key, leaseMs, unlike) =>
        client.call<TierRead>('read', key, leaseMs, ...(unlike === undefined ? [] : [unlike])),
      fill: (key, value, ttlMs, fence) => client.call<boolean>('fill', key, value, ttlMs, fence),
      remove: async (keys) => {
        await client.call('remove', keys);
      },
      release: async (key) => {
        await client.call('release', key);
      },
    },
    bus: {
      publish: async (message) => {
        await client.call('publish', message);
      },
      subscribe: (on, onState) => {
        hearers.add(on);
        watchers.add(onState);
        if (client.isUp) onState(true);
        return () => {
          hearers.delete(on);
          watchers.delete(onState);
        };
      },
    },
    moveTo: (next) => client.moveTo(next),
    close: async () => client.close(),
  };
}

/** A bus whose cable can be pulled: nothing arrives, nothing is heard, and nobody is told. */
export function cuttable(bus: InvalidationBus): InvalidationBus & { isCut: boolean } {
  const cut = {
    isCut: false,
    publish: async (message: Invalidation) => {
      if (!cut.isCut) await bus.publish(message);
    },
    subscribe: (on: (message: Invalidation) => void, onState: (up: boolean) => void) =>
      bus.subscribe((message) => {
        if (!cut.isCut) on(message);
      }, onState),
  };
  return cut;
}
