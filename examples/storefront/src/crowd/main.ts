/**
 * The flash crowd: a process of its own that shops over real HTTP, so that the shop's figures are the shop's alone.
 *
 * People do not wait for each other: a slow answer keeps nobody else from asking (an open-loop load, which does not
 * slow down politely when the shop does). Most clients ask five times a second; one in ten is a bot that asks fifty
 * times and meets its own limit. Bounded on every side: clients, requests under way for each, seconds, and the life
 * of the parent. Each client has an address of its own from the range that RFC 5737 keeps for documentation.
 */
import process from 'node:process';
import type { CrowdView } from '../live-state.ts';
import { nextErrand, type Errand } from './shopper.ts';

export interface CrowdOrder {
  readonly url: string;
  readonly skus: readonly string[];
  readonly clients: number;
  readonly seconds: number;
}

/** What the crowd itself knows of how it goes. */
export type CrowdReport = Omit<CrowdView, 'running' | 'clients' | 'leftMs'>;

const person = { everyMs: 200, underWayMax: 4 };
/** So many under way that it passes its own limit even when each answer takes a second. */
const bot = { everyMs: 20, underWayMax: 50 };
const timeoutMs = 5000;
const latenciesMax = 20_000;

const counts = { sent: 0, admitted: 0, rejected: 0, orders: 0, failed: 0 };
let latencies: number[] = [];

function report(): CrowdReport {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (quantile: number): number | null => sorted[Math.floor(quantile * (sorted.length - 1))] ?? null;
  return { ...counts, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function request(url: string, errand: Errand, address: string): Promise<Response> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { 'x-forwarded-for': address };
  if (errand.kind === 'search') {
    return fetch(`${url}/api/search?size=5&q=${encodeURIComponent(errand.query)}`, { headers, signal });
  }
  if (errand.kind === 'look') {
    return fetch(`${url}/api/products/${errand.sku.split('/').map(encodeURIComponent).join('/')}`, { headers, signal });
  }
  return fetch(`${url}/api/orders`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ sku: errand.sku, quantity: errand.quantity }),
    signal,
  });
}

async function go(url: string, errand: Errand, address: string): Promise<void> {
  const startedMs = performance.now();
  counts.sent++;
  try {
    const response = await request(url, errand, address);
    await response.arrayBuffer();
    if (response.status === 429) counts.rejected++;
    else if (response.ok) {
      counts.admitted++;
      if (errand.kind === 'buy') counts.orders++;
      latencies.push(performance.now() - startedMs);
    } else counts.failed++;
  } catch {
    counts.failed++;
  }
  if (latencies.length > latenciesMax) latencies = latencies.slice(latenciesMax / 2);
}

/** One client: asks at its own pace until the time is over, then waits for what is under way. */
async function shop({ url, skus }: CrowdOrder, client: number, untilMs: number): Promise<void> {
  const address = `198.51.100.${client + 1}`;
  const { everyMs, underWayMax } = client % 10 === 0 ? bot : person;
  const underWay = new Set<Promise<void>>();
  while (performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, everyMs * (0.5 + Math.random())));
    if (underWay.size >= underWayMax) continue;
    const going = go(url, nextErrand(skus, Math.random), address).finally(() => underWay.delete(going));
    underWay.add(going);
  }
  await Promise.all(underWay);
}

/** To the parent, if there still is one: it may be killed at any moment, and then nobody is left to hear an error. */
function tell(then: () => void = () => undefined): void {
  process.send?.(report(), then);
}

process.on('disconnect', () => process.exit(0));
process.once('message', (order: CrowdOrder) => {
  const untilMs = performance.now() + order.seconds * 1000;
  const timer = setInterval(tell, 1000);
  const clients = Array.from({ length: order.clients }, (_, client) => shop(order, client, untilMs));
  void Promise.all(clients).then(() => {
    clearInterval(timer);
    tell(() => process.exit(0));
  });
});
