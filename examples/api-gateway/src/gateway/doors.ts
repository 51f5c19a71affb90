/**
 * The doors of the gateway, in the order in which a refusal is cheapest: how many are under way, this address, this
 * user, everybody.
 *
 * The first needs nothing but a counter, the second a table in this process, the last two the store that all gateways
 * share. A request that a later door refuses gives back what the earlier ones took: a refused request costs nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLimiter, gcra, type AsyncStore, type Clock, type Limiter } from '@loadbearing/rate-limiter';
import { aimd, createConcurrencyLimiter, type ConcurrencyLimiter } from '@loadbearing/rate-limiter/adaptive';
import { rateLimit } from '@loadbearing/rate-limiter/node';
import { priorityOf, shares, targetMs, type GatewaySettings } from './settings.ts';

type Door = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

export interface Doors {
  /** True when the request may go on; otherwise it has been answered. */
  enter: Door;
  readonly concurrency: ConcurrencyLimiter | undefined;
  readonly shared: readonly Limiter[];
}

export interface DoorOptions {
  readonly store: AsyncStore;
  readonly clock: Clock;
  readonly onEvent: (type: string) => void;
}

const userHeader = 'x-user';

export function openDoors(settings: GatewaySettings, { store, clock, onEvent }: DoorOptions): Doors {
  const { addressPerSecond, userPerSecond, userBurst, allPerSecond, deadlineMs } = settings;
  const concurrency =
    settings.concurrency === 'aimd'
      ? createConcurrencyLimiter({ limit: aimd({ targetMs, initial: 10, min: 2, max: 1000 }), shares })
      : undefined;
  const doors: Door[] = [];
  if (concurrency !== undefined || addressPerSecond !== null) {
    doors.push(
      rateLimit({
        ...(concurrency === undefined
          ? {}
          : { concurrency, priority: ({ url }: IncomingMessage) => priorityOf(url ?? '') }),
        ...(addressPerSecond === null
          ? {}
          : { limiter: createLimiter({ limits: gcra({ name: 'address', rate: addressPerSecond, perMs: 1000 }) }) }),
        trustProxy: 1,
        headers: 'none',
      }),
    );
  }
  const common = { store, clock, deadlineMs, onEvent: ({ type }: { type: string }) => onEvent(type) };
  const shared: Limiter[] = [];
  if (userPerSecond !== null) {
    const limits = gcra({ name: 'user', rate: userPerSecond, perMs: 1000, burst: userBurst });
    const limiter = createLimiter({ ...common, name: 'user', limits });
    shared.push(limiter);
    doors.push(
      rateLimit({ limiter, key: ({ headers }: IncomingMessage) => headers[userHeader]?.toString(), headers: 'draft' }),
    );
  }
  if (allPerSecond !== null) {
    const limiter = createLimiter({
      ...common,
      name: 'all',
      limits: gcra({ name: 'all', rate: allPerSecond, perMs: 1000 }),
    });
    shared.push(limiter);
    doors.push(rateLimit({ limiter, key: () => 'all', headers: 'none' }));
  }
  return {
    concurrency,
    shared,
    enter: async (request, response) => {
      for (const door of doors) if (!(await door(request, response))) return false;
      return true;
    },
  };
}
