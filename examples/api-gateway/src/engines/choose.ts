/**
 * Who keeps the shared limits: the Redis that REDIS_URL names, with `--real` a redis-server of our own where one is
 * installed, otherwise a process with the package's MapStore.
 */
import process from 'node:process';
import { findProgram } from '@loadbearing-examples/page-kit/guarded.ts';
import { ownRedis } from '@loadbearing-examples/page-kit/own-redis.ts';
import { mapStore, redisShared, type SharedStore } from './shared-store.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `folder` is the caller's: for what a server of our own writes. `missing`: what `--real` wanted and did not find. */
export async function chooseStore(
  isReal: boolean,
  folder: string,
  environment: Environment = process.env,
): Promise<{ readonly store: SharedStore; readonly missing: readonly string[] }> {
  const url = environment['REDIS_URL'] ?? '';
  if (url !== '') return { store: redisShared(url, false, async () => undefined), missing: [] };
  if (!isReal) return { store: mapStore(), missing: [] };
  const binary = findProgram('redis-server', environment['PATH']);
  if (binary === undefined) {
    return { store: mapStore(), missing: ['redis-server is not installed: a process with MapStore takes its part'] };
  }
  const redis = await ownRedis(binary, folder);
  return { store: redisShared(redis.url, true, () => redis.server.stop()), missing: [] };
}
