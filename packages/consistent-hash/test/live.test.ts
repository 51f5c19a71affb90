/**
 * The same owners as the programs themselves: nginx, twemproxy, libmemcached and Redis run here, each is asked for
 * 10,000 keys, and every answer is compared. What is not installed is skipped with one line (test/live/programs.ts).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fnv1a_32_char, fnv1a_64_char, ketama, md5_32, one_at_a_time } from '../src/compat/ketama.ts';
import type { KetamaFlavour } from '../src/compat/ketama.ts';
import { nginxConsistent } from '../src/compat/nginx.ts';
import { redisSlot } from '../src/compat/redis-slot.ts';
import type { Key, KeyHash, NodeSpec, Placement } from '../src/index.ts';
import { tagged } from '../src/tagged.ts';
import { startBackend } from './live/backends.ts';
import {
  compileGenerateHash,
  findCompiler,
  findProgram,
  freePorts,
  pipeline,
  startDaemon,
  stopAll,
  workFolder,
} from './live/programs.ts';

/** ASCII, UTF-8 of two to four bytes, and bytes that are no UTF-8; none has a blank, a line end or a query's signs. */
const keys: Key[] = Array.from({ length: 10_000 }, (_, i) => {
  const n = Math.imul(i, 0x9e3779b1) >>> 0;
  if (i % 4 === 1) return `żółw/${i}/日本/${n.toString(36)}`;
  if (i % 4 === 2)
    return Uint8Array.of(
      ...String(i)
        .split('')
        .map(Number)
        .map((d) => d + 48),
      0x80 | (n & 0x7f),
      0xff,
    );
  if (i % 32 === 3) return ['{a', 'a}{b', '{}{b}', '{a}{b}', '{{b}}', '}{'][i % 6]! + n.toString(36);
  if (i % 16 === 7) return `{tag-${i % 50}}:${n}`;
  return i % 8 === 0 ? `${i}` : `user:${n.toString(16)}😀`.slice(0, i % 3 === 0 ? undefined : -2);
});
const wireKeys = keys.map((key) => Buffer.from(key).toString('latin1'));

function ownersBy(placement: Placement): string[] {
  return keys.map((key) => placement.locate(key).id);
}

afterAll(stopAll);

const nginx = findProgram('nginx', 'nginx-light');

describe.skipIf(nginx === undefined)('nginx', () => {
  it('asks the same servers: equal weights, unequal weights, names and unix sockets', async () => {
    const [front, ...ports] = (await freePorts(10)) as [number, ...number[]];
    const socket = (name: string): string => `unix:${join(workFolder(), name)}`;
    const upstreams: NodeSpec[][] = [
      ports.slice(0, 5).map((port) => ({ id: `127.0.0.1:${port}` })),
      ports.map((port, i) => ({ id: `127.0.0.1:${port}`, weight: [1, 7, 2, 100, 3][i % 5] })),
      [{ id: `localhost:${ports[0]}`, weight: 2 }, { id: socket('a.sock') }, { id: socket('b:80'), weight: 3 }],
      [{ id: `127.0.0.1:${ports[0]}` }],
    ];
    const listens = [...ports.map((port) => `127.0.0.1:${port}`), socket('a.sock'), socket('b:80')];
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    mkdirSync(join(workFolder(), 'logs'));
    writeFileSync(
      join(workFolder(), 'nginx.conf'),
      `daemon off; master_process off; pid nginx.pid; error_log stderr;
       events { worker_connections 256; }
       http {
         access_log off; keepalive_requests 1000000;
         ${temporary.map((name) => `${name}_temp_path ${name};`).join(' ')}
         proxy_http_version 1.1; proxy_set_header Connection "";
         ${upstreams
           .map(
             (servers, i) =>
               `upstream u${i} { hash $arg_k consistent; ${servers
                 .map(({ id, weight = 1 }) => `server ${id} weight=${weight};`)
                 .join(' ')} keepalive 16; }`,
           )
           .join('\n')}
         server { listen 127.0.0.1:${front};
           ${upstreams.map((_, i) => `location /${i} { proxy_pass http://u${i}; }`).join(' ')} }
         ${listens.map((at) => `server { listen ${at}; location / { return 200 "${at}"; } }`).join('\n')}
       }`,
    );
    await startDaemon(nginx!, ['-p', workFolder(), '-c', 'nginx.conf', '-e', 'stderr'], front);
    for (const [i, servers] of upstreams.entries()) {
      const answers = await pipeline(
        front,
        wireKeys.map((key) => `GET /${i}?k=${key} HTTP/1.1\r\nHost: x\r\n\r\n`),
        (text) => {
          const head = /^HTTP\/1\.1 200[^]*?Content-Length: (\d+)[^]*?\r\n\r\n/i.exec(text);
          if (head === null) return undefined;
          const length = head[0].length + Number(head[1]);
          return text.length < length ? undefined : { length, answer: text.slice(head[0].length, length) };
        },
      );
      const owners = ownersBy(nginxConsistent(servers)).map((id) => id.replace('localhost', '127.0.0.1'));
      expect(answers).toEqual(owners);
    }
  });
});

const nutcracker = findProgram('nutcracker', 'nutcracker');

describe.skipIf(nutcracker === undefined)('twemproxy', () => {
  it('asks the same servers: each hash, hash tags, weights, labels, addresses, 11211, unix sockets', async () => {
    const weights = [1, 1, 2, 9, 1, 300, 17];
    const labels = weights.map((_, i) => `shard-${i}${'-with-a-longer-label'.repeat((i % 4) * 3)}`);
    // A network of the process's own, for a port that is given.
    const net = `127.${1 + (process.pid % 250)}.${1 + ((process.pid >> 8) % 250)}`;
    const labelled = await Promise.all(labels.map((label) => startBackend(() => label)));
    const addressed = await Promise.all(labels.map(() => startBackend((address) => address)));
    const standard = await Promise.all(
      [1, 2, 3, 4].map((i) => startBackend((address) => address, `${net}.${i}:11211`)),
    );
    const paths = ['c', 'd', 'e'].map((name) => join(workFolder(), `${name}.sock`));
    const sockets = await Promise.all(paths.map((path) => startBackend(() => path, path)));
    const pools: { hash: KeyHash; name: string; more?: string; servers: (NodeSpec & { at: string })[] }[] = [
      {
        hash: fnv1a_64_char,
        name: 'fnv1a_64',
        servers: labelled.map(({ address: at }, i) => ({ id: labels[i]!, at })),
      },
      {
        hash: md5_32,
        name: 'md5',
        servers: labelled.map(({ address: at }, i) => ({ id: labels[i]!, at, weight: weights[i] })),
      },
      {
        hash: fnv1a_32_char,
        name: 'fnv1a_32',
        servers: addressed.map(({ address: id }, i) => ({ id, at: id, weight: weights[i] })),
      },
      {
        hash: one_at_a_time,
        name: 'one_at_a_time',
        servers: [...standard, ...sockets].map(({ address: id }, i) => ({ id, at: id, weight: i + 1 })),
      },
      {
        hash: tagged(fnv1a_64_char),
        name: 'fnv1a_64',
        more: 'hash_tag: "{}"',
        servers: addressed.map(({ address: id }) => ({ id, at: id })),
      },
    ];
    const [stats, ...fronts] = (await freePorts(pools.length + 1)) as [number, ...number[]];
    writeFileSync(
      join(workFolder(), 'nutcracker.yml'),
      pools
        .map(
          ({ name, more = '', servers }, i) => `pool-${i}:
  listen: 127.0.0.1:${fronts[i]}
  redis: true
  hash: ${name}
  distribution: ketama
  ${more}
  servers:
${servers.map(({ id, at, weight = 1 }) => `   - ${at}:${weight}${id === at ? '' : ` ${id}`}`).join('\n')}
`,
        )
        .join(''),
    );
    const args = ['-c', join(workFolder(), 'nutcracker.yml'), '-s', `${stats}`, '-a', '127.0.0.1'];
    await startDaemon(nutcracker!, args, fronts.at(-1)!);
    for (const [i, { hash, servers }] of pools.entries()) {
      const answers = await pipeline(
        fronts[i]!,
        wireKeys.map((key) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`),
        (text) => {
          const match = /^\$\d+\r\n(.*)\r\n/.exec(text);
          return match === null ? undefined : { length: match[0].length, answer: match[1]! };
        },
      );
      expect(answers).toEqual(ownersBy(ketama(servers, { flavour: 'twemproxy', hash })));
    }
    for (const backend of [...labelled, ...addressed, ...standard, ...sockets]) backend.close();
  });
});

const gcc = findCompiler();

describe.skipIf(gcc === undefined)('libmemcached', () => {
  let generateHash: string;
  beforeAll(() => {
    generateHash = compileGenerateHash(gcc!);
  });

  const modes: [string, KetamaFlavour][] = [
    ['ketama', 'libmemcached'],
    ['weighted', 'libmemcached-weighted'],
    ['spy', 'libmemcached-spy'],
  ];

  function expectSameOwners(mode: string, flavour: KetamaFlavour, servers: NodeSpec[], some: number): void {
    const input = Buffer.from(
      wireKeys
        .slice(0, some)
        .map((key) => `${key}\n`)
        .join(''),
      'latin1',
    );
    const args = servers.map(({ id, weight = 1 }) => {
      const address = id.startsWith('/') ? `${id}:0` : /:\d+$/.test(id) ? id : `${id}:11211`;
      return `${address}:${weight}`;
    });
    const output = execFileSync(generateHash, [mode, ...args], { input, maxBuffer: 1e7 });
    const ring = ketama(servers, { flavour });
    const indices = output.toString().trimEnd().split('\n').map(Number);
    expect(indices.map((index) => servers[index]!.id)).toEqual(keys.slice(0, some).map((key) => ring.locate(key).id));
  }

  it.each(modes)('asks the same servers in its way "%s", for 10,000 keys', (mode, flavour) => {
    const hosts = [
      '10.0.0.1:11311',
      '10.0.0.2:11211',
      'cache-c',
      '/run/d.sock',
      '::1:11212',
      'e.example:80',
      '10.0.0.3',
    ];
    expectSameOwners(
      mode,
      flavour,
      hosts.map((id) => ({ id })),
      keys.length,
    );
    const weights = [1, 1, 7, 2, 1000, 3, 1];
    expectSameOwners(
      mode,
      flavour,
      hosts.map((id, i) => ({ id, weight: weights[i] })),
      keys.length,
    );
  });

  it.each([
    [[1149133342, 3944926355, 51496548]],
    [[756587050, 1462260143, 3215063888]],
    [[206, 571, 300, 449, 442, 871, 656, 301, 910, 595, 364]],
    [[134, 523, 756, 385, 970, 927, 792, 245, 86, 699, 148]],
    [[218, 591, 616, 861, 854, 827, 468, 497, 834, 527, 472]],
  ])('rounds as we do where one rounding more or less would tell: weights %j', (weights) => {
    const servers = weights.map((weight, i) => ({ id: `10.0.0.${i}:11311`, weight }));
    expectSameOwners('weighted', 'libmemcached-weighted', servers, keys.length);
  });

  it.each(modes)('asks the same servers in its way "%s", for numbers of them to 100', (mode, flavour) => {
    // All of them at night; the floats of every number are compared in ketama.model.test.ts too.
    for (let count = 1; count <= 100; count += process.env['NIGHTLY'] ? 1 : 1 + (count >> 3)) {
      const servers = Array.from({ length: count }, (_, i) => ({
        id: `10.0.0.${i}:${11_211 + (i % 3)}`,
        weight: count % 4 === 0 ? 1 + (i % 5) : count % 4,
      }));
      expectSameOwners(mode, flavour, servers, 1000);
    }
  });
});

const redis = findProgram('redis-server', 'redis-server');

describe.skipIf(redis === undefined)('Redis Cluster', () => {
  it('keeps keys in the same slots', async () => {
    const [port, bus] = (await freePorts(2)) as [number, number];
    const options = { port, bind: '127.0.0.1', 'cluster-enabled': 'yes', 'cluster-port': bus, save: '' };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    await startDaemon(redis!, args, port);
    const answers = await pipeline(
      port,
      wireKeys.map((key) => `*3\r\n$7\r\nCLUSTER\r\n$7\r\nKEYSLOT\r\n$${key.length}\r\n${key}\r\n`),
      (text) => {
        const match = /^[:-](.*)\r\n/.exec(text);
        return match === null ? undefined : { length: match[0].length, answer: match[1]! };
      },
    );
    expect(answers.map(Number)).toEqual(keys.map((key) => redisSlot(key)));
  });
});
