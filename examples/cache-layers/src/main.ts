/**
 * `npm start cache-layers`: the script with its report, and the page beside it, which stays until Ctrl-C.
 *
 * Exit code: 0 when every printed claim held, 1 when one did not or it could not go on, 2 for a wrong argument.
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
import { chooseCast } from './engines/choose.ts';
import { serve } from './http/server.ts';
import { isPassed } from '@loadbearing-examples/page-kit/report/claims.ts';
import { render } from '@loadbearing-examples/page-kit/report/render.ts';
import { runScript } from './script.ts';
import { Stage } from './stage.ts';
import { World } from './world.ts';

const database = { delayMs: 5, limit: 16, failing: false };
const browsers = 20;
const writeShare = 0.002;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(given: Arguments): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cache-layers-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  let world: World | undefined;
  let server: PageServer | undefined;
  let stage: Stage | undefined;
  const life = lifecycle(
    async () => {
      stage?.close();
      await server?.close();
      await world?.close();
    },
    (error) => advice(error, given.port),
  );
  const beganMs = performance.now();
  try {
    const { level, edge, missing } = await chooseCast(given.real, folder);
    for (const line of missing) say(line);
    const onFatal = (error: Error): void => life.fatal(error);
    const common = { seed: given.seed, level, browsers, writeShare, database, onFatal };
    world = await World.open(edge === undefined ? common : { ...common, edge });
    stage = new Stage(world, database);
    if (!given.once) {
      server = await serve(stage, world.edgeFetch, given.port);
      say(`Cache layers: ${server.url}`);
    }
    const { engines } = world;
    say(`Seed ${given.seed}. Edge: ${engines.edge}; level 2: ${engines.level}; database: ${engines.database}.`);
    let number = 0;
    const sections = await runScript(world, {
      ...given,
      onBegin: (name) => stage?.step(name),
      onSection: (section) => {
        stage?.addSection(section);
        say(render(section, ++number));
      },
    });
    const hasPassed = isPassed(sections);
    const claims = sections.flatMap((section) => section.claims);
    const held = claims.filter(({ holds }) => holds).length;
    say(`\n${held} of ${claims.length} claims held, in ${((performance.now() - beganMs) / 1000).toFixed(0)} s.`);
    if (given.once) {
      life.end(hasPassed ? 0 : 1);
      return;
    }
    stage.open(hasPassed);
    say(`The page stays: ${server!.url}. Ctrl-C ends it.`);
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
