import { describe, expect, it } from 'vitest';
import type { InvalidationBody, InvalidationBus, RemoteTier, TieredCache } from '../../src/tiered/index.ts';
import { BenchTop } from './bench-top.ts';
import { drain } from './world.ts';

/**
 * A connection on which a server tells, in order with its replies, which names others have changed: what RESP3 does
 * after CLIENT TRACKING ON BCAST PREFIX p{ (pushes "invalidate" with names, or with null after a flush).
 */
interface TrackedConnection {
  onPush(hear: (names: readonly string[] | null) => void): void;
  ping(): Promise<void>;
}

/** Names as the tier in Redis gives them: p{key} is a value, p{tag}:t a version; fences and leases concern nobody. */
function about(name: string): { key?: string; tag?: string } {
  const [, text, kind] = /^p\{(.*)\}(:.)?$/.exec(name) ?? [];
  if (text === undefined || kind === ':f' || kind === ':l') return {};
  return kind === ':t' ? { tag: text } : { key: text };
}

/**
 * Inbound only: the server says what was changed, so nothing has to be published. An own message comes back behind a
 * PING: whatever the server had pushed before its reply has then arrived, which is all that a beat has to prove.
 */
function rebroadcast(connection: TrackedConnection): InvalidationBus {
  const subscribers = new Set<Parameters<InvalidationBus['subscribe']>[0]>();
  const tell = (what: InvalidationBody): void => {
    for (const on of subscribers) on({ v: 1, sender: 'server', seq: 0, ...what });
  };
  connection.onPush((names) => {
    if (names === null) {
      tell({ all: true });
      return;
    }
    const things = names.map(about);
    tell({ keys: things.flatMap(({ key }) => key ?? []) });
    tell({ tags: things.flatMap(({ tag }) => tag ?? []) });
  });
  return {
    async publish(message) {
      await connection.ping();
      for (const on of subscribers) on(message);
    },
    subscribe(on) {
      subscribers.add(on);
      return () => void subscribers.delete(on);
    },
  };
}

/** A server: the tier of the bench top, and connections whose pushes and replies keep their order. */
class Server {
  readonly top = new BenchTop();
  private readonly pushes: ((names: readonly string[] | null) => void)[] = [];

  connect(): { connection: TrackedConnection; tier: RemoteTier; cut: () => void; mend: () => void } {
    let hear: (names: readonly string[] | null) => void = () => undefined;
    let isCut = false;
    const line: (() => void)[] = [];
    // Everything on the line arrives one turn later, in order.
    const send = (arrive: () => void): void => {
      line.push(arrive);
      setImmediate(() => {
        const next = line.shift();
        if (!isCut) next?.();
      });
    };
    this.pushes.push((names) => send(() => hear(names)));
    const { tier } = this.top;
    return {
      connection: {
        onPush: (on) => (hear = on),
        ping: () => new Promise((resolve) => send(resolve)),
      },
      tier: {
        ...tier,
        remove: async (keys) => {
          await tier.remove(keys);
          this.changed(keys.flatMap((key) => [`p{${key}}`, `p{${key}}:f`]));
        },
        renew: async (tags) => {
          await tier.renew(tags);
          this.changed(tags.map((tag) => `p{${tag}}:t`));
        },
      },
      cut: () => (isCut = true),
      mend: () => (isCut = false),
    };
  }

  changed(names: readonly string[] | null): void {
    for (const push of this.pushes) push(names);
  }
}

describe('a bus that is inbound only', () => {
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await drain();
  };

  function two(): { server: Server; a: Side; b: Side } {
    const server = new Server();
    const make = (): Side => {
      const side = server.connect();
      const { tier } = side;
      const bus = rebroadcast(side.connection);
      const cache = server.top.cache<number>({ tier, bus, load: () => world.source, tags: () => ['t'] });
      return { ...side, cache };
    };
    return { server, a: make(), b: make() };
  }
  interface Side {
    cut(): void;
    mend(): void;
    readonly cache: TieredCache<number>;
  }
  const world = { source: 1 };

  it('keeps two processes together by what the server says', async () => {
    const { server, a, b } = two();
    world.source = 1;
    await settle();
    expect(a.cache.stats().busUp && b.cache.stats().busUp).toBe(true);
    for (const change of [
      () => a.cache.delete('k'),
      () => a.cache.invalidateTags('t'),
      async () => {
        server.top.tier.flush();
        server.changed(null);
      },
    ]) {
      for (const { cache } of [a, b]) expect(await cache.fetch('k')).toBe(world.source);
      world.source++;
      await change();
      await settle();
      for (const { cache } of [b, a]) expect(await cache.fetch('k')).toBe(world.source);
    }
    // No message was taken for a gap: nothing was emptied but what the server said.
    await server.top.pass(1000);
    expect(a.cache.stats().emptied).toBe(1);
  });

  it('keeps the bound when its connection goes silent', async () => {
    const { server, a, b } = two();
    world.source = 1;
    await settle();
    expect(await b.cache.fetch('k')).toBe(1);
    b.cut();
    world.source = 2;
    await a.cache.delete('k');
    await server.top.pass(2001);
    expect(b.cache.stats().busUp).toBe(false);
    expect(await b.cache.fetch('k')).toBe(2);
    b.mend();
    await server.top.pass(2000);
    await settle();
    expect(b.cache.stats().busUp).toBe(true);
  });
});
