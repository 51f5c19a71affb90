/** Connections to Redis, one for each address, made on first use. */
import { redisShard, redisSlotMapStore } from '@loadbearing/consistent-hash/redis';
import type { ClientShard, Shard, SlotMapStore } from '@loadbearing/consistent-hash/migrate';
import { createClient } from 'redis';

const connectTimeoutMs = 2000;
const reconnectMs = 100;

export type Connection = ReturnType<typeof unconnected>;

function unconnected(name: string) {
  return createClient({ name, socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: reconnectMs } });
}

export class RedisConnections {
  /**
   * Never connected itself. The client builds a class with all commands for each new set of options, in which time no
   * request is served (40 to 130 ms measured); a copy for another address takes the class that is there.
   */
  readonly #template: Connection;
  readonly #open = new Map<string, Promise<Connection>>();

  /** `name` is what CLIENT LIST will show for each connection. */
  constructor(name: string) {
    this.#template = unconnected(name);
  }

  /** Rejects when nothing answers there. */
  client(url: string): Promise<Connection> {
    let client = this.#open.get(url);
    if (client === undefined) this.#open.set(url, (client = this.#connect(url)));
    return client;
  }

  async shard(url: string, prefix: string): Promise<Shard & ClientShard> {
    return redisShard(await this.client(url), { prefix });
  }

  async store(url: string, key: string): Promise<SlotMapStore> {
    return redisSlotMapStore(await this.client(url), key);
  }

  async close(): Promise<void> {
    for (const client of this.#open.values()) (await client.catch(() => undefined))?.destroy();
    this.#open.clear();
  }

  async #connect(url: string): Promise<Connection> {
    const client = this.#template.duplicate({ url });
    let isUp = false;
    const firstError = new Promise<never>((_, reject) => {
      // Later ones are the failed calls' to report; without a listener they would end the process.
      client.on('error', (error: Error) => {
        if (!isUp) reject(error);
      });
    });
    try {
      await Promise.race([client.connect(), firstError]);
      isUp = true;
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }
}
