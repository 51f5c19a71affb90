/**
 * `npm start`: the script with its verdict, and the ring lab beside it, which stays until Ctrl-C.
 *
 * Exit code: 0 when everything held, 1 when something did not or it could not go on, 2 for a wrong argument.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { lifecycle } from '@loadbearing-examples/page-kit/lifecycle.ts';
import type { PageServer } from '@loadbearing-examples/page-kit/page-server.ts';
import { advice } from './advice.ts';
import { readArguments, usage, type Arguments } from './arguments.ts';
import { chooseEngine } from './engines/choose.ts';
import type { Engine } from './engines/engine.ts';
import { serve } from './http/server.ts';
import { runScript } from './script/script.ts';
import { count, isPassed, table, verdict } from './script/verdict.ts';
import { World } from './world.ts';

const sizes = {
  full: { rows: 100_000, slots: 1024, perSecond: 1500, batchSlots: 8, paceMs: 150, idleMs: 5000 },
  quick: { rows: 5000, slots: 256, perSecond: 500, batchSlots: 4, paceMs: 10, idleMs: 1000 },
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(given: Arguments): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'shard-router-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  let engine: Engine | undefined;
  let world: World | undefined;
  let server: PageServer | undefined;
  const life = lifecycle(
    async () => {
      await server?.close();
      await world?.close();
      await engine?.close();
    },
    (error) => advice(error, given.port),
  );

  const { idleMs, ...size } = given.quick ? sizes.quick : sizes.full;
  try {
    engine = await chooseEngine(given.engine, folder);
    world = await World.open({ engine, ...size, shards: 4, seed: given.seed, onFatal: (error) => life.fatal(error) });
    if (given.page) {
      server = await serve(world, given.port);
      say(`Ring lab: ${server.url}`);
    }
    say(`Seed ${given.seed}; ${engine.kind === 'redis' ? `${engine.servers} Redis servers` : 'shards in memory'}.`);
    const measured = await runScript(world, { seed: given.seed, idleMs, say });
    const rows = verdict(measured, given.quick);
    say(`\n${table(rows)}\n`);
    for (const report of world.checker.reports) say(report);
    say(`${count(measured.operations)} operations, ${count(measured.unanswered)} without an answer.`);
    const code = isPassed(rows) ? 0 : 1;
    world.phase = code === 0 ? 'done' : 'failed';
    if (given.once) life.end(code);
    else say(code === 0 ? 'All of it held. The page stays; Ctrl-C ends it.' : 'NOT all of it held. Ctrl-C ends it.');
  } catch (error) {
    life.fatal(error);
  }
}

try {
  await main(readArguments(process.argv.slice(2), Math.floor(Math.random() * 1_000_000)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
