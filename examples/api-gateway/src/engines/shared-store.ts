/** The store that the gateways share, as the world sees it: started, found, hung, woken, emptied and closed. */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { place, type Place } from '@loadbearing-examples/page-kit/processes/place.ts';
import type { GatewaySetup } from '../processes/gateway.ts';

export interface SharedStore {
  readonly name: string;
  /** Rejects when it does not answer. */
  open(onFatal: (error: Error) => void): Promise<void>;
  /** Where gateways find it. */
  place(): GatewaySetup['store'];
  /** Stops its process in its tracks (SIGSTOP): it takes connections and says nothing. False where it is not ours. */
  hang(isHung: boolean): boolean;
  /** Every quota is full again. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A process of ours with the package's MapStore. */
export function mapStore(): SharedStore {
  let limits: Place | undefined;
  return {
    name: 'MapStore',
    open: async (onFatal) => {
      limits = place('shared limits', new URL('../processes/limits.ts', import.meta.url), {}, onFatal);
      await limits.ready;
    },
    place: () => ({ kind: 'line', port: limits!.controlPort() }),
    hang: (isHung) => signal(limits?.child.state.pid, isHung),
    flush: () => limits!.call('flush'),
    close: async () => {
      signal(limits?.child.state.pid, false);
      await limits?.stop();
    },
  };
}

/** `isOurs`: started by us, so that it may be stopped in its tracks. */
export function redisShared(url: string, isOurs: boolean, end: () => Promise<void>): SharedStore {
  const prefix = `api-gateway:${randomBytes(6).toString('hex')}`;
  let pid: number | undefined;
  let close = async (): Promise<void> => undefined;
  let flush = async (): Promise<void> => undefined;
  return {
    name: 'Redis',
    open: async () => {
      const { Redis } = await import('ioredis');
      const client = new Redis(url, {
        maxRetriesPerRequest: 1,
        connectTimeout: 3000,
        commandTimeout: 5000,
        lazyConnect: true,
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        const found = /process_id:(\d+)/.exec(await client.info('server'))?.[1];
        if (isOurs && found !== undefined) pid = Number(found);
      } catch (error) {
        client.disconnect();
        const { message } = error as Error;
        throw Object.assign(new Error(message), { code: 'REDIS_SILENT' });
      }
      // Only what is ours: the server may be lent.
      flush = async () => {
        for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
          if ((keys as string[]).length > 0) await client.unlink(keys as string[]);
        }
      };
      close = async () => {
        if (!isOurs) await flush();
        client.disconnect();
      };
    },
    place: () => ({ kind: 'redis', url, prefix }),
    hang: (isHung) => signal(pid, isHung),
    flush: () => flush(),
    close: async () => {
      signal(pid, false);
      await close();
      await end();
    },
  };
}

function signal(pid: number | null | undefined, isHung: boolean): boolean {
  if (pid === null || pid === undefined) return false;
  try {
    return process.kill(pid, isHung ? 'SIGSTOP' : 'SIGCONT');
  } catch {
    return false;
  }
}
