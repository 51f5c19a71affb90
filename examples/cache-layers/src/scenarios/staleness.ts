/**
 * The staleness bound: app-1 writes; how long do the other two, and a browser behind the edge, show the old value?
 *
 * A read is dated by the moment just before it looked into its cache, a write by the moment it was acknowledged, both by
 * the machine's monotonic clock, which all processes share. So what is measured is the age of the stalest answer, and
 * not how often we asked.
 */
import type { AppSettings } from '../app/settings.ts';
import { origin } from '../load/traffic.ts';
import type { Fetch } from '../layers/http-layer.ts';
import { machineNow } from '@loadbearing-examples/page-kit/processes/child.ts';
import { watchPauses } from '@loadbearing-examples/page-kit/processes/pauses.ts';
import {
  atMost,
  exactly,
  millis,
  moreThan,
  type Claim,
  type Section,
} from '@loadbearing-examples/page-kit/report/claims.ts';
import type { World } from '../world.ts';

const heartbeatMs = 200;
const disconnectedTtlMs = 400;
const firstItem = 1500;
const httpSeconds = 1;
const pollMs = 5;
/** What the bus may take. */
const busDelayMs = 250;
/** Timers and polls of this process. */
const slackMs = 50;

export interface StalenessSizes {
  readonly items: number;
  readonly l1TtlMs: number;
  readonly cutMs: number;
}

interface Measured {
  readonly apps: number;
  readonly browser: number;
  /** What the machine may have added to each. */
  readonly pausesMs: number;
  readonly unresolved: number;
}

interface Read {
  readonly version: number;
  readonly readAtMs: number;
}

export async function staleness(world: World, { items, l1TtlMs, cutMs }: StalenessSizes): Promise<Section> {
  const common = { heartbeatMs, disconnectedTtlMs, cacheControl: `public, max-age=${httpSeconds}` };
  const ttlOnly = await measure(world, { ...common, bus: false, l1TtlMs }, items, 0);
  const withBus = await measure(world, { ...common, l1TtlMs: 60_000 }, items, 0);
  const cut = await measure(world, { ...common, l1TtlMs: 60_000 }, items, cutMs);
  await world.reset();
  // Each HTTP cache adds its own max-age: Age counts whole seconds, so the rest of a second is not carried along.
  const httpMs = 2 * httpSeconds * 1000;
  const cutBoundMs = 2 * heartbeatMs + disconnectedTtlMs;
  const row = (name: string, { apps, browser, pausesMs }: Measured, bound: string, boundMs: number): string[] => [
    name,
    millis(apps),
    bound,
    millis(browser),
    `+ 2 max-age = ${millis(boundMs + httpMs)}`,
    millis(pausesMs),
  ];
  const within = (what: string, ms: number, boundMs: number, { pausesMs }: Measured): Claim =>
    atMost(what, ms, boundMs + slackMs + pausesMs, millis);
  return {
    title: 'The staleness bound: how long the old value is shown after a write',
    lesson: `app-1 writes ${items} items, the others are asked every ${pollMs} ms. Without a bus the ttl is the bound; with one it is the delay of a message; when the bus is cut for ${millis(cutMs)} and nobody is told, missing heartbeats limit the damage. HTTP caches know nothing of the bus and add what their max-age allows. The last column is what the machine may have added: twice the longest pause of a process.`,
    head: ['', 'other apps, worst', 'bound', 'browser, worst', 'bound', 'machine'],
    rows: [
      row('ttl only', ttlOnly, `l1Ttl = ${millis(l1TtlMs)}`, l1TtlMs),
      row('bus', withBus, `its delay, here ${millis(busDelayMs)}`, busDelayMs),
      row('bus cut', cut, `2 x ${heartbeatMs} + ${disconnectedTtlMs} = ${millis(cutBoundMs)}`, cutBoundMs),
    ],
    claims: [
      within('ttl only: apps', ttlOnly.apps, l1TtlMs, ttlOnly),
      within('bus: apps', withBus.apps, busDelayMs, withBus),
      within('bus cut: apps', cut.apps, cutBoundMs, cut),
      within('ttl only: browser', ttlOnly.browser, l1TtlMs + httpMs, ttlOnly),
      within('bus: browser', withBus.browser, busDelayMs + httpMs, withBus),
      within('bus cut: browser', cut.browser, cutBoundMs + httpMs, cut),
      moreThan('without the bus the old value was shown at all', ttlOnly.apps, busDelayMs, millis),
      exactly(
        'items that somebody still showed old in the end',
        ttlOnly.unresolved + withBus.unresolved + cut.unresolved,
        0,
      ),
    ],
  };
}

async function measure(world: World, settings: Partial<AppSettings>, items: number, cutMs: number): Promise<Measured> {
  const ours = watchPauses();
  await world.reset(settings);
  ours.reset();
  if (settings.bus !== false) await world.busIsUp();
  const others = Array.from({ length: world.appCount - 1 }, (_, i) => i + 1);
  const readers = others.map((app) => (id: number) => world.app<Read>(app, 'read', id));
  const browser = world.newBrowser();
  const readBrowser = (id: number): Promise<Read> => readHttp(browser.fetch, id);
  const ids = Array.from({ length: items }, (_, i) => firstItem + i);
  if (cutMs > 0) for (const app of others) await world.app(app, 'cutBus', true);
  // The later an entry was filled, the longer it may be shown: so right before the write.
  for (const id of ids) await Promise.all([...readers, readBrowser].map((read) => read(id)));
  const writes = await Promise.all(
    ids.map(async (id) => ({ id, ...(await world.app<{ version: number; writtenAtMs: number }>(0, 'write', id)) })),
  );
  const giveUpAtMs = machineNow() + (settings.l1TtlMs ?? 0) + 20_000;
  const worst = async (read: (id: number) => Promise<Read>): Promise<{ ms: number; unresolved: number }> => {
    const ages = await Promise.all(writes.map((write) => ageOf(read, write, giveUpAtMs)));
    return { ms: Math.max(0, ...ages.map(({ ms }) => ms)), unresolved: ages.filter(({ isNew }) => !isNew).length };
  };
  const healed = (async (): Promise<void> => {
    if (cutMs === 0) return;
    await new Promise((resolve) => setTimeout(resolve, cutMs));
    for (const app of others) await world.app(app, 'cutBus', false);
    await world.busIsUp();
  })();
  const [browserWorst, ...appWorst] = await Promise.all([
    worst(readBrowser),
    ...readers.map((read) => worst(read)),
    healed,
  ]);
  const apps = appWorst.filter((one) => one !== undefined);
  const pauses = [ours.worstMs(), ...(await world.everyApp<number>('worstPauseMs'))];
  return {
    pausesMs: 2 * Math.max(...pauses),
    apps: Math.max(...apps.map(({ ms }) => ms)),
    browser: browserWorst.ms,
    unresolved: [browserWorst, ...apps].reduce((sum, { unresolved }) => sum + unresolved, 0),
  };
}

/** Asks until the new version comes; the age of the last old answer. */
async function ageOf(
  read: (id: number) => Promise<Read>,
  { id, version, writtenAtMs }: { readonly id: number; readonly version: number; readonly writtenAtMs: number },
  giveUpAtMs: number,
): Promise<{ readonly ms: number; readonly isNew: boolean }> {
  let ms = 0;
  for (;;) {
    const { version: seen, readAtMs } = await read(id);
    if (seen >= version) return { ms, isNew: true };
    ms = readAtMs - writtenAtMs;
    if (machineNow() > giveUpAtMs) return { ms, isNew: false };
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function readHttp(fetch: Fetch, id: number): Promise<Read> {
  const readAtMs = machineNow();
  const response = await fetch(new Request(`${origin}/items/${id}`));
  const { version } = (await response.json()) as { version: number };
  return { version, readAtMs };
}
