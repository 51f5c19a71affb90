/**
 * Decisions on a shared Redis: 64 callers in one process, each asking again when it has its answer.
 *
 * The unit is a plain GET by the same client from the same 64 callers, measured in turns with the contender in the same
 * process on the same server, so that a figure is a property of the code and less of the machine: decisions per second
 * (higher is better), CPU time of the client and CPU time of the server (lower is better), each divided by that of GET.
 * The server is started for the contender alone; its CPU time is what `INFO cpu` says.
 *
 * 10,000 keys in a fixed random order, no limit ever reached: a refusal of rate-limiter-flexible is a rejected promise
 * and would only make it slower. `check` wants each decision found in Redis.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import process from 'node:process';
import { defineBench, type CountedContender } from '@loadbearing/bench-kit';
import { createLimiter, fixedWindow, gcra, type Limit } from '@loadbearing/rate-limiter';
import { fromIoredis, redisStore } from '@loadbearing/rate-limiter/redis';
import { Redis } from 'ioredis';
import { RedisStore } from 'rate-limit-redis';
import { RateLimiterRedis } from 'rate-limiter-flexible';

const CALLERS = 64;
const OPERATIONS = 20_000;
const TURNS = 5;
const QUOTA = 1_000_000;
const HOUR_MS = 3_600_000;

type Metric = 'wall' | 'client' | 'server';
type Cost = Record<Metric, number>;

const keys = (() => {
  let seed = 42;
  return Array.from({ length: OPERATIONS }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return `user:${String(seed % 10_000)}`;
  });
})();

/** A server that ends with this process, however that ends. */
async function startRedis(): Promise<{ redis: Redis; close: () => void }> {
  const free = createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const line = `redis-server --port ${String(port)} --bind 127.0.0.1 --save '' & read -r _; kill -9 $!`;
  const shell = spawn('sh', ['-c', line], { stdio: ['pipe', 'ignore', 'ignore'] });
  const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  await redis.ping();
  return {
    redis,
    close: () => {
      redis.disconnect();
      shell.stdin.end();
    },
  };
}

async function serverMicros(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return 1e6 * (seconds('used_cpu_sys') + seconds('used_cpu_user'));
}

/** What all operations cost, in microseconds. */
async function costOf(redis: Redis, operation: (key: string) => Promise<unknown>): Promise<Cost> {
  const server = await serverMicros(redis);
  const client = process.cpuUsage();
  const wall = performance.now();
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < OPERATIONS) await operation(keys[next++]!);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const used = process.cpuUsage(client);
  return {
    wall: (performance.now() - wall) * 1000,
    client: used.user + used.system,
    server: (await serverMicros(redis)) - server,
  };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

async function contender(
  metric: Metric,
  make: (redis: Redis) => (key: string) => Promise<unknown>,
): Promise<CountedContender> {
  const { redis, close } = await startRedis();
  const decide = make(redis);
  const get = (key: string): Promise<unknown> => redis.get(key);
  await costOf(redis, get);
  await costOf(redis, decide);
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const plain = (await costOf(redis, get))[metric];
    const cost = (await costOf(redis, decide))[metric];
    ratios.push(metric === 'wall' ? plain / cost : cost / plain);
  }
  return {
    value: median(ratios),
    check: async () => {
      const distinct = new Set(keys).size;
      const kept = await redis.dbsize();
      if (kept !== distinct) throw new Error(`${kept} keys in Redis, ${distinct} were asked about`);
    },
    close,
  };
}

const ours =
  (limits: readonly Limit[], maxBatch?: number) =>
  ({ metric }: { metric: Metric }): Promise<CountedContender> =>
    contender(metric, (redis) => {
      const client = fromIoredis(redis);
      const store = redisStore(maxBatch === undefined ? { client } : { client, maxBatch });
      const limiter = createLimiter({ limits, store, deadlineMs: 60_000, onStoreError: 'closed' });
      return async (key) => {
        const { allowed, source } = await limiter.take(key);
        if (!allowed || source !== 'store') throw new Error(`${String(allowed)} by ${source}`);
      };
    });

// A take weighs 3.6 s: the state of a key outlives the measurement, and so can be counted after it.
const hourly = gcra({ rate: 1000, perMs: HOUR_MS });
const composed = [
  hourly,
  gcra({ name: 'second', rate: QUOTA, perMs: 1000 }),
  fixedWindow({ limit: QUOTA, windowMs: 24 * HOUR_MS }),
];

const cases: readonly { readonly name: string; readonly metric: Metric }[] = [
  { name: 'decisions per second (higher is better)', metric: 'wall' },
  { name: 'CPU time of the client (lower is better)', metric: 'client' },
  { name: 'CPU time of the server (lower is better)', metric: 'server' },
];

export default defineBench({
  topic: 'redis',
  title: '64 callers, in units of a plain GET',
  rival: 'rate-limiter-flexible consume',
  kind: 'value',
  cases,
  contenders: {
    take: ours([hourly]),
    'take, three limits composed': ours(composed),
    'take, unbatched': ours([hourly], 1),
    'rate-limiter-flexible consume': ({ metric }) =>
      contender(metric, (redis) => {
        const limiter = new RateLimiterRedis({ storeClient: redis, points: QUOTA, duration: HOUR_MS / 1000 });
        return (key) => limiter.consume(key);
      }),
    'rate-limit-redis increment': ({ metric }) =>
      contender(metric, (redis) => {
        const store = new RedisStore({
          sendCommand: (command: string, ...args: string[]) => redis.call(command, ...args) as Promise<number>,
        });
        void store.init({ windowMs: HOUR_MS } as Parameters<typeof store.init>[0]);
        return (key) => store.increment(key);
      }),
  },
});
