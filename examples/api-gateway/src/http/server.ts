/** HTTP: the page and its buttons. The gateways and their callers have ports of their own. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fieldsOf, servePage, type PageServer } from '@loadbearing-examples/page-kit/page-server.ts';
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import type { Controls } from '../feed.ts';
import type { Stage } from '../stage.ts';

const feedEveryMs = 200;
const publicDir = fileURLToPath(new URL('../../public/', import.meta.url));
const switches = ['bounded', 'hung', 'greedy', 'retries'] as const;

/** Rejects with EADDRINUSE when the port is taken. */
export function serve(stage: Stage, port: number): Promise<PageServer> {
  return servePage({
    name: 'gateway page',
    port,
    publicDir,
    folders: { '/vendor/uplot/': path.dirname(fileURLToPath(import.meta.resolve('uplot'))) },
    state: () => stage.feed(),
    everyMs: feedEveryMs,
    routes: (app) => {
      app.post('/api/controls', async ({ body }, reply) => {
        await stage.set(controlsOf(fieldsOf(body)));
        return reply.code(204).send();
      });
    },
  });
}

function controlsOf(given: Record<string, unknown>): Partial<Controls> {
  const changes: { -readonly [name in keyof Controls]?: Controls[name] } = {};
  for (const [name, value] of Object.entries(given)) {
    const known = switches.find((one) => one === name);
    if (known !== undefined && typeof value === 'boolean') changes[known] = value;
    else if (name === 'times' && typeof value === 'number') changes.times = value;
    else throw new Refusal(400, `A control is ${switches.join(', ')}, true or false, or times, a number.`);
  }
  return changes;
}
