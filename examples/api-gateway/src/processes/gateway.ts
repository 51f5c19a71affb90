/**
 * A gateway as a process: a reverse proxy in front of the upstream, with doors. It is told over its control socket what
 * they are; new ones are open at once, with nothing remembered but what the shared store holds.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AsyncStore } from '@loadbearing/rate-limiter';
import { Latency } from '@loadbearing-examples/page-kit/latency.ts';
import { setup, tell } from '@loadbearing-examples/page-kit/processes/child.ts';
import { watchPauses } from '@loadbearing-examples/page-kit/processes/pauses.ts';
import { LineClient, lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { openDoors, type Doors } from '../gateway/doors.ts';
import { forward } from '../gateway/forward.ts';
import { gatewayDefaults, type GatewaySettings } from '../gateway/settings.ts';
import { lineStore } from '../wire/line-store.ts';

export interface GatewaySetup {
  readonly upstreamPort: number;
  readonly store: { readonly kind: 'line'; readonly port: number } | RedisPlace;
  /** How wrong its clock is. */
  readonly clockShiftMs: number;
}

export interface RedisPlace {
  readonly kind: 'redis';
  readonly url: string;
  readonly prefix: string;
}

/** What a gateway has counted, and what its doors say. */
export interface GatewayCounts {
  readonly requests: number;
  readonly limited: number;
  readonly shed: number;
  readonly forwarded: number;
  readonly failed: number;
  /** What the doors took, the longest. */
  readonly doorsWorstMs: number;
  readonly doorsP99Ms: number | null;
  readonly limit: number | null;
  readonly inFlight: number;
  readonly breaker: string;
  /** Since the last reset, at most so many. */
  readonly events: readonly string[];
  readonly worstPauseMs: number;
}

const eventsMax = 100;
const { upstreamPort, store: storePlace, clockShiftMs } = setup() as GatewaySetup;
const clock = (): number => Math.floor(performance.now()) + clockShiftMs;
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
const pauses = watchPauses();
const { store, moveTo } = await openStore();
let settings = gatewayDefaults;
let events: string[] = [];
let doors: Doors = open();
let latency = new Latency();
const zero = { requests: 0, limited: 0, shed: 0, forwarded: 0, failed: 0, doorsWorstMs: 0 };
const counts = { ...zero };

async function openStore(): Promise<{ store: AsyncStore; moveTo: (port: number) => void }> {
  if (storePlace.kind === 'line') {
    const line = new LineClient(storePlace.port);
    return { store: lineStore(line), moveTo: (port) => line.moveTo(port) };
  }
  const { openRedis } = await import('../wire/redis-store.ts');
  return { store: openRedis(storePlace), moveTo: () => undefined };
}

function open(): Doors {
  const onEvent = (type: string): void => {
    if (events.length < eventsMax) events.push(type);
  };
  return openDoors(settings, { store, clock, onEvent });
}

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  counts.requests++;
  const beganMs = performance.now();
  const mayEnter = await doors.enter(request, response);
  const tookMs = performance.now() - beganMs;
  latency.add(tookMs);
  counts.doorsWorstMs = Math.max(counts.doorsWorstMs, tookMs);
  if (!mayEnter) {
    if (response.statusCode === 429) counts.limited++;
    else counts.shed++;
    request.resume();
    return;
  }
  counts.forwarded++;
  await forward(request, response, { agent, port: upstreamPort });
}

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  answer(request, response).catch(() => {
    counts.failed++;
    response.destroy();
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const control = await lineServer({
  configure: ([changes]) => {
    settings = { ...settings, ...(changes as unknown as Partial<GatewaySettings>) };
    doors = open();
  },
  moveStore: ([port]) => moveTo(port!),
  counts: (): GatewayCounts => ({
    ...counts,
    doorsP99Ms: latency.percentileMs(0.99),
    limit: doors.concurrency?.limit ?? null,
    inFlight: doors.concurrency?.inFlight ?? 0,
    breaker: doors.shared[0]?.stats().breaker ?? 'closed',
    events,
    worstPauseMs: pauses.worstMs(),
  }),
  reset: () => {
    Object.assign(counts, zero);
    latency = new Latency();
    events = [];
    pauses.reset();
  },
});
tell({
  type: 'ready',
  controlPort: control.port,
  httpPort: (server.address() as AddressInfo).port,
  engine: storePlace.kind,
});
