/** The second level as the world sees it: started, found by the apps, emptied and closed. */
import { randomBytes } from 'node:crypto';
import type { AppSetup } from '../processes/app.ts';
import { place, type Place } from '@loadbearing-examples/page-kit/processes/place.ts';

const answerWithinMs = 5000;

export interface SharedLevel {
  readonly name: string;
  /** Rejects when it does not answer. */
  open(onFatal: (error: Error) => void): Promise<void>;
  /** Where apps find it. */
  place(): AppSetup['level'];
  /** Everything in it is gone, fences and leases included. */
  flush(): Promise<void>;
  /** Is told when it has come back at another port. */
  onMoved: (port: number) => void;
  close(): Promise<void>;
}

/** In a process of ours: the package's memory tier. */
export function memoryLevel(): SharedLevel {
  let process: Place | undefined;
  const level: SharedLevel = {
    name: 'memoryTier',
    open: async (onFatal) => {
      const file = new URL('../processes/shared-tier.ts', import.meta.url);
      process = place('second level', file, {}, onFatal, (port) => level.onMoved(port));
      await process.ready;
    },
    place: () => ({ kind: 'memory', port: process!.controlPort() }),
    // It may be on its way back; then it is empty, and says so when it is there.
    flush: () => process!.callWhenUp('flush'),
    onMoved: () => undefined,
    close: async () => process?.stop(),
  };
  return level;
}

/** In Redis, under a prefix of this run. `close` of the server itself, if it is ours, belongs to whoever started it. */
export function redisLevel(url: string): SharedLevel {
  const prefix = `cache-layers:${randomBytes(6).toString('hex')}:`;
  let close: () => Promise<void> = async () => undefined;
  let run: (args: readonly string[]) => Promise<unknown> = async () => undefined;
  const level: SharedLevel = {
    name: 'Redis',
    open: async () => {
      const { createClient } = await import('redis');
      const client = createClient({
        url,
        commandOptions: { timeout: 3000 },
        socket: { connectTimeout: 3000, reconnectStrategy: false },
      });
      client.on('error', () => undefined);
      try {
        await inTime(client.connect().then(() => client.ping()));
      } catch (error) {
        client.destroy();
        throw Object.assign(new Error(reason(error)), { code: 'REDIS_SILENT' });
      }
      run = (args) => client.sendCommand([...args]);
      close = async () => {
        await level.flush();
        client.destroy();
      };
    },
    place: () => ({ kind: 'redis', url, prefix }),
    // Only what is ours: the server may be lent.
    flush: async () => {
      let cursor = '0';
      do {
        const page = (await run(['SCAN', cursor, 'MATCH', `${prefix}*`, 'COUNT', '1000'])) as [string, string[]];
        cursor = page[0];
        if (page[1].length > 0) await run(['UNLINK', ...page[1]]);
      } while (cursor !== '0');
    },
    onMoved: () => undefined,
    close: () => close(),
  };
  return level;
}

/** The client's time-outs begin when it is connected: a server that takes connections and is silent has none. */
async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`silent for ${answerWithinMs} ms`)), answerWithinMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function reason(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message !== undefined && message !== '' ? message : (code ?? String(error));
}
