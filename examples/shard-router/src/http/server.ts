/** HTTP: the page, the package for the browser, the live stream and two buttons. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fieldsOf, servePage, type PageServer } from '@loadbearing-examples/page-kit/page-server.ts';
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import type { FastifyInstance } from 'fastify';
import type { ChangeShards, Feed, Kill } from '../feed.ts';

/** What the buttons do, and what there is to see. */
export interface Stage {
  feed(): Feed;
  /** Begins a migration; the epoch of the map that has the new goal. Throws Refusal. */
  changeShards(change: ChangeShards): Promise<number>;
  /** SIGKILL; the pid that it hit. Throws Refusal. */
  kill(process: Kill['process']): number;
}

const feedEveryMs = 200;
const publicDir = fileURLToPath(new URL('../../public/', import.meta.url));

/** Rejects with EADDRINUSE when the port is taken. */
export function serve(stage: Stage, port: number): Promise<PageServer> {
  const distDir = path.dirname(fileURLToPath(import.meta.resolve('@loadbearing/consistent-hash')));
  return servePage({
    name: 'ring lab',
    port,
    publicDir,
    folders: { '/vendor/consistent-hash/': distDir },
    state: () => stage.feed(),
    everyMs: feedEveryMs,
    routes: (app) => buttons(app, stage),
  });
}

function buttons(app: FastifyInstance, stage: Stage): void {
  app.post('/api/shards', async ({ body }, reply) => {
    const { action, id } = fieldsOf(body);
    if (action !== 'add' && action !== 'remove') throw new Refusal(400, 'action must be add or remove.');
    if (id !== undefined && typeof id !== 'string') throw new Refusal(400, 'id must be a string.');
    if (action === 'add' && id !== undefined)
      throw new Refusal(400, 'id is for remove: a new shard gets the next name.');
    const epoch = await stage.changeShards(id === undefined ? { action } : { action, id });
    return reply.code(202).send({ epoch });
  });
  app.post('/api/kill', async ({ body }, reply) => {
    const { process: target } = fieldsOf(body);
    if (target !== 'router' && target !== 'mover') throw new Refusal(400, 'process must be router or mover.');
    return reply.code(202).send({ pid: stage.kill(target) });
  });
}
