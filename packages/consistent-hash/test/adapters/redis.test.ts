import { describe, expect, it } from 'vitest';
import { redisShard, redisSlotMapStore, slotsFromCluster } from '../../src/adapters/redis.ts';
import { redisSlot, redisSlotHash } from '../../src/compat/redis-slot.ts';
import { FENCED } from '../../src/migrate/shard.ts';
import recorded from './cluster-replies.json' with { type: 'json' };

const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });

interface FakeClient {
  readonly sent: string[][];
  sendCommand(args: string[]): Promise<unknown>;
}

/** A client of the manner of node-redis that always gives the same reply. */
function replying(reply: unknown): FakeClient {
  const sent: string[][] = [];
  return {
    sent,
    async sendCommand(args) {
      sent.push(args);
      return reply;
    },
  };
}

const INFO = '# Server\r\nredis_version:7.0.15\r\nrun_id:process\r\ntcp_port:6379\r\n';

describe('a command', () => {
  it('goes through `call` where there is one, since ioredis has another sendCommand', async () => {
    const sent: string[] = [];
    const client = {
      sendCommand: () => Promise.reject(new Error('for Command objects')),
      async call(command: string, args: string[]) {
        sent.push(command, ...args);
        return null;
      },
    };
    await redisSlotMapStore(client, 'map').load();
    expect(sent).toEqual(['GET', 'map']);
  });

  it('has its first key where a wrapper around a cluster client of redis looks for it', async () => {
    const client = replying([['0', []], INFO]);
    const shard = redisShard(client, { prefix: 'p:' });
    await Promise.all([
      shard.fence(12, 7),
      shard.get(12, 7, 'k').catch(() => undefined),
      shard.set(12, 7, 'k', 'v'),
      shard.delete(12, 7, 'k'),
      shard.scan(12, 7, undefined, 10),
      shard.apply(12, 7, [['k', 'v']], ['l']),
      shard.clear(12, 7),
    ]);
    expect(client.sent).toHaveLength(7);
    for (const args of client.sent)
      expect([args[0], ...args.slice(2, 6)]).toEqual(['EVAL', '2', 'p:{12}:f', 'p:{12}:d', '7']);
    const saving = replying(1);
    await redisSlotMapStore(saving, 'map').save({ epoch: 1, slots: {} as never, goal: null, garbage: [] });
    expect(saving.sent[0]![3]).toBe('map');
  });

  it('may have more words than a call has room for arguments', async () => {
    const counts: number[] = [];
    const client = {
      async call(_: string, args: string[]) {
        counts.push(args.length);
        return [];
      },
    };
    const entries = Array.from({ length: 50_000 }, (_, i) => [String(i), ''] as const);
    await redisShard(client, { prefix: '' }).apply(0, 1, entries, []);
    expect(counts).toEqual([5 + 5 * entries.length]);
  });

  it('rejects as the client does', async () => {
    const client = { sendCommand: () => Promise.reject(new Error('LOADING')) };
    const shard = redisShard(client, { prefix: '' });
    await expect(shard.get(0, 1, 'k')).rejects.toThrow('LOADING');
    await expect(shard.fence(0, 1)).rejects.toThrow('LOADING');
    await expect(redisSlotMapStore(client, 'k').load()).rejects.toThrow('LOADING');
    await expect(slotsFromCluster(client)).rejects.toThrow('LOADING');
  });
});

describe('a shard refuses', () => {
  it.each([
    ['nothing', undefined],
    ['a number', 0],
    ['QUEUED', 'QUEUED'],
    ['an empty list', []],
    ['a list with a number', [1]],
    ['Buffers', [Buffer.from('v'), Buffer.from(INFO)]],
  ])('%s as a reply', async (_, reply) => {
    const shard = redisShard(replying(reply), { prefix: '' });
    await expect(shard.get(0, 1, 'k')).rejects.toThrow(error('BAD_OPTION'));
    await expect(shard.scan(0, 1, undefined, 10)).rejects.toThrow(error('BAD_OPTION'));
  });

  it.each([
    ['no page', [null, INFO]],
    ['no entries', [['0', null], INFO]],
    ['entries in Buffers', [['0', [Buffer.from('k'), Buffer.from('v')]], INFO]],
    ['no process', [['7', ['k', 'v']], '# Server']],
  ])('%s as a page', async (_, reply) => {
    await expect(redisShard(replying(reply), { prefix: '' }).scan(0, 1, undefined, 10)).rejects.toThrow(
      error('BAD_OPTION'),
    );
  });

  it('a slot map in a Buffer', async () => {
    await expect(redisSlotMapStore(replying(Buffer.from('{}')), 'k').load()).rejects.toThrow(error('BAD_OPTION'));
  });
});

describe('a page', () => {
  it('may be empty and still not the last', async () => {
    const shard = redisShard(replying([['7', []], INFO]), { prefix: '' });
    expect(await shard.scan(0, 1, undefined, 10)).toEqual({ entries: [], cursor: '7:process' });
  });

  it('hands its cursor on, and not to another process', async () => {
    const client = replying([['0', ['k', 'v']], INFO]);
    const shard = redisShard(client, { prefix: '' });
    expect(await shard.scan(0, 1, '7:process', 10)).toEqual({ entries: [['k', 'v']], cursor: undefined });
    expect(client.sent[0]!.slice(5)).toEqual(['1', '5', 'hscan', '2', '7', 'count', '10', '2', 'info', '3']);
    await expect(shard.scan(3, 1, '7:other', 10)).rejects.toThrow(/scan slot 3 again/);
    expect(await redisShard(replying(null), { prefix: '' }).scan(3, 1, '7:other', 10)).toBe(FENCED);
  });
});

describe('the map of a cluster', () => {
  const replies: Record<string, unknown> = recorded.replies;
  const complete = Object.entries(replies).slice(0, 4);
  const [b, c, a] = ['127.0.0.1:10198', '127.0.0.1:10670', '127.0.0.1:13803'];

  it.each(complete)('is read from a reply recorded with %s', async (_, reply) => {
    const map = await slotsFromCluster(replying(reply));
    expect(map.nodes.map(({ id }) => id)).toEqual([b, c, a]);
    expect([0, 5460, 5461, 10_922, 10_923, 16_383].map((slot) => map.owner(slot).id)).toEqual([a, a, b, b, c, c]);
    expect(map.count).toBe(16_384);
    expect(map.toJSON().hash).toBe(redisSlotHash.name);
    for (const key of ['foo', '{foo}:bar', 'é', '😀', '', 'a{}b{c}']) expect(map.slotOf(key)).toBe(redisSlot(key));
  });

  it('needs no order of intervals, ids of servers or numbers that are numbers', async () => {
    const reply = [
      ['8192', '16383', ['::1', '6380']],
      [100, 8191, ['h', 6379], ['replica', 1]],
      [0, 99, ['::1', 6380]],
    ];
    const map = await slotsFromCluster(replying(reply));
    expect([0, 99, 100, 8191, 8192, 16_383].map((slot) => map.owner(slot).id)).toEqual([
      '::1:6380',
      '::1:6380',
      'h:6379',
      'h:6379',
      '::1:6380',
      '::1:6380',
    ]);
  });

  const m = ['h', 6379];
  it.each<[string, unknown, number]>([
    ['has no slots', [], 0],
    ['lacks the first slot', [[1, 16_383, m]], 0],
    ['lacks the last slot', [[0, 16_382, m]], 16_383],
    [
      'lacks slots in the middle',
      [
        [0, 99, m],
        [102, 16_383, m],
      ],
      100,
    ],
    [
      'has a slot twice',
      [
        [0, 100, m],
        [100, 16_383, m],
      ],
      101,
    ],
    ['has no first slot to speak of', [['first', 16_383, m]], 0],
    ['begins below 0', [[-1, 16_383, m]], 0],
    ['ends above 16383', [[0, 16_384, m]], 16_385],
    ['names a server by a number', [[0, 16_383, [1, 6379]]], 0],
    ['is of one server that has met no other', replies['one server that has met no other'], 0],
    ['names its servers by null', replies['cluster-preferred-endpoint-type unknown-endpoint'], 0],
    ['names a server by ?', replies['cluster-preferred-endpoint-type hostname, known of one server'], 0],
  ])('is refused when the cluster %s', async (_, reply, slot) => {
    const map = slotsFromCluster(replying(reply));
    await expect(map).rejects.toThrow(error('CLUSTER_INCOMPLETE'));
    await expect(map).rejects.toThrow(`slot ${String(slot)} `);
  });

  it.each([
    ['null', null],
    ['a number', 1],
    ['an interval that is none', [7]],
    ['an interval without master', [[0, 16_383]]],
    ['what clusterSlots() of redis returns', [{ from: 0, to: 16_383, master: { host: 'h', port: 6379 } }]],
  ])('is refused from %s', async (_, reply) => {
    await expect(slotsFromCluster(replying(reply))).rejects.toThrow(error('BAD_OPTION'));
  });
});
