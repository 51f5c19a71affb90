/** Which engine: the addresses in the environment, else servers of our own, else memory. */
import process from 'node:process';
import { findProgram } from '@loadbearing-examples/page-kit/guarded.ts';
import type { Arguments } from '../arguments.ts';
import type { Engine } from './engine.ts';
import { memoryEngine } from './memory-engine.ts';
import { ownServers } from './redis-servers.ts';

/** `folder` is the caller's: for the slot map of the memory engine, and for servers of our own. */
export async function chooseEngine(
  wanted: Arguments['engine'],
  folder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Engine> {
  if (wanted === 'memory') return memoryEngine(folder);
  const urls = (environment['REDIS_URLS'] ?? environment['REDIS_URL'] ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  const binary = findProgram('redis-server', environment['PATH']);
  if (urls.length > 0 || binary !== undefined) {
    const { givenServers, redisEngine } = await import('./redis-engine.ts');
    return redisEngine(urls.length > 0 ? givenServers(urls) : ownServers(binary!, folder));
  }
  if (wanted === 'auto') return memoryEngine(folder);
  throw new Error(
    'There is no Redis: set REDIS_URL or REDIS_URLS, or put redis-server on PATH, or leave --engine redis out.',
  );
}
