/**
 * An app process: a small HTTP server with a first level of its own, a second level shared with the other two, and the
 * database behind. It is told over its control socket which levels it has; a switch opens new, empty ones.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerOf, routeOf, statusOf, timingOf, type Answer } from '../app/answer.ts';
import { openLevels, type Levels } from '../app/levels.ts';
import { appDefaults, type AppSettings } from '../app/settings.ts';
import type { Item } from '../database/items.ts';
import { LineClient, lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { cuttable, lineLevel, type RemoteLevel } from '../wire/remote-tier.ts';
import { machineNow, setup, tell } from '@loadbearing-examples/page-kit/processes/child.ts';
import { watchPauses } from '@loadbearing-examples/page-kit/processes/pauses.ts';

/** Where the app finds the others. */
export interface AppSetup {
  readonly name: string;
  readonly databasePort: number;
  readonly level: { readonly kind: 'memory'; readonly port: number } | RedisPlace;
}

export interface RedisPlace {
  readonly kind: 'redis';
  readonly url: string;
  readonly prefix: string;
}

const { name, databasePort, level: place } = setup() as AppSetup;
const database = new LineClient(databasePort);
const level: RemoteLevel =
  place.kind === 'memory'
    ? lineLevel(place.port)
    : await import('../wire/redis-level.ts').then(({ redisLevel }) => redisLevel(place.url, place.prefix));
const bus = cuttable(level.bus);
const pauses = watchPauses();
let settings = appDefaults;
let levels = open();
const counts = { requests: 0, l1Hits: 0, l2Reads: 0, l2Hits: 0, loads: 0, failed: 0 };

function open(): Levels {
  return openLevels(settings, { load, tier: level.tier, bus });
}

async function load(id: number): Promise<Item | undefined> {
  counts.loads++;
  return (await database.call<Item | null>('get', id)) ?? undefined;
}

/** `readAtMs`: just before it looked into its first level, by the machine's clock. */
async function read(id: number) {
  const readAtMs = machineNow();
  const beganMs = performance.now();
  const { item, trace } = await levels.fetch(id);
  if (trace.l1 === 'hit') counts.l1Hits++;
  if (trace.l2 === 'hit' || trace.l2 === 'miss') counts.l2Reads++;
  if (trace.l2 === 'hit') counts.l2Hits++;
  return { item, trace, readAtMs, allMs: performance.now() - beganMs };
}

/** The source first, then the caches: the other way round, the next read would bring the old value back. */
async function write(id: number) {
  const item = await database.call<Item | null>('bump', id);
  if (item !== null) await levels.invalidate(id);
  return item === null ? null : { version: item.version, writtenAtMs: machineNow() };
}

async function answer(request: http.IncomingMessage): Promise<Answer> {
  const route = routeOf(request.url ?? '');
  const plain = { 'cache-control': 'no-store' };
  if (route === undefined) return { status: 404, headers: plain, body: '' };
  if (request.method === 'PUT' && route.kind === 'item') {
    const written = await write(route.id);
    return written === null
      ? { status: 404, headers: plain, body: '' }
      : { status: 200, headers: plain, body: JSON.stringify(written) };
  }
  if (request.method !== 'GET') return { status: 405, headers: { ...plain, allow: 'GET, PUT' }, body: '' };
  counts.requests++;
  const { item, trace, allMs } = await read(route.id);
  const { 'if-none-match': ifNoneMatch, 'accept-language': acceptLanguage } = request.headers;
  return answerOf(route, { path: request.url!, ifNoneMatch, acceptLanguage }, item, settings.cacheControl, {
    status: statusOf(name, trace),
    timing: timingOf(name, trace, allMs),
  });
}

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  answer(request)
    .catch((): Answer => {
      counts.failed++;
      return { status: 503, headers: { 'cache-control': 'no-store' }, body: '' };
    })
    .then(({ status, headers, body }) => {
      const length = status === 304 ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      response.writeHead(status, { ...headers, ...length }).end(status === 304 ? undefined : body);
    })
    .catch(() => response.destroy());
  request.resume();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const control = await lineServer({
  configure: async ([changes]) => {
    settings = { ...settings, ...(changes as unknown as Partial<AppSettings>) };
    const old = levels;
    levels = open();
    await old.close();
  },
  counts: () => ({ ...counts, ...levels.counts() }),
  reset: () => {
    Object.assign(counts, { requests: 0, l1Hits: 0, l2Reads: 0, l2Hits: 0, loads: 0, failed: 0 });
    pauses.reset();
  },
  worstPauseMs: () => pauses.worstMs(),
  cutBus: ([isCut]) => void (bus.isCut = isCut!),
  moveLevel: ([port]) => level.moveTo(port!),
  read: async ([id]) => {
    const { item, readAtMs } = await read(id!);
    return { version: item?.version ?? null, readAtMs };
  },
  write: ([id]) => write(id!),
  /** This many callers at once, each through the levels or, naive, each to the database. Answers how many got it. */
  crowd: async ([id, callers, isNaive]) => {
    const isAlone = Boolean(isNaive);
    const one = (): Promise<unknown> => (isAlone ? load(id!) : levels.fetch(id!));
    const settled = await Promise.allSettled(Array.from({ length: callers! }, one));
    return settled.filter(({ status }) => status === 'fulfilled').length;
  },
});
tell({
  type: 'ready',
  controlPort: control.port,
  httpPort: (server.address() as AddressInfo).port,
  engine: place.kind,
});
