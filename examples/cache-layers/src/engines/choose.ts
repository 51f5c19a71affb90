/**
 * Who plays which layer: the package alone, or the real thing.
 *
 * PostgreSQL and Redis are used where DATABASE_URL and REDIS_URL name them. `--real` starts what it finds: a
 * redis-server and an nginx of our own; what it does not find is played by the package, and said.
 */
import process from 'node:process';
import { findProgram } from '@loadbearing-examples/page-kit/guarded.ts';
import type { Edge } from './edge.ts';
import { memoryLevel, redisLevel, type SharedLevel } from './shared-level.ts';

export interface Cast {
  readonly level: SharedLevel;
  readonly edge: ((ports: () => readonly number[]) => Promise<Edge>) | undefined;
  /** What `--real` wanted and did not find. */
  readonly missing: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `folder` is the caller's: for what servers of our own write. */
export async function chooseCast(
  isReal: boolean,
  folder: string,
  environment: Environment = process.env,
): Promise<Cast> {
  const missing: string[] = [];
  const found = (name: string, instead: string): string | undefined => {
    if (!isReal) return undefined;
    const binary = findProgram(name, environment['PATH']);
    if (binary === undefined) missing.push(`${name} is not installed: ${instead} takes its part`);
    return binary;
  };
  const url = environment['REDIS_URL'] ?? '';
  const redis = url === '' ? found('redis-server', 'a process with memoryTier') : undefined;
  const nginx = found('nginx', 'httpCache');
  if (isReal && (environment['DATABASE_URL'] ?? '') === '') {
    missing.push('DATABASE_URL is not set: PGlite takes the part of PostgreSQL');
  }
  return {
    level: url !== '' ? redisLevel(url) : redis === undefined ? memoryLevel() : await levelOfOurOwn(redis, folder),
    edge:
      nginx === undefined ? undefined : async (ports) => (await import('./nginx.ts')).nginxEdge(nginx, folder, ports),
    missing,
  };
}

async function levelOfOurOwn(binary: string, folder: string): Promise<SharedLevel> {
  const { ownRedis } = await import('@loadbearing-examples/page-kit/own-redis.ts');
  const { url, server } = await ownRedis(binary, folder);
  const level = redisLevel(url);
  return Object.assign(level, {
    close: async () => {
      // With the server goes what is in it.
      await server.stop();
    },
  });
}
