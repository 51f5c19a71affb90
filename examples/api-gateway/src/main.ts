/**
 * `npm start api-gateway`: the script with its report, and the page beside it, which stays until Ctrl-C.
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
import { isPassed } from '@loadbearing-examples/page-kit/report/claims.ts';
import { render } from '@loadbearing-examples/page-kit/report/render.ts';
import { advice } from './advice.ts';
import { readArguments, usage, type Arguments } from './arguments.ts';
import { chooseStore } from './engines/choose.ts';
import { serve } from './http/server.ts';
import { runScript } from './script.ts';
import { Stage } from './stage.ts';
import { gatewayCount, World } from './world.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(given: Arguments): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'api-gateway-'));
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
    const { store, missing } = await chooseStore(given.real, folder);
    for (const line of missing) say(line);
    world = await World.open({ seed: given.seed, store, onFatal: (error) => life.fatal(error) });
    stage = new Stage(world);
    if (!given.once) {
      server = await serve(stage, given.port);
      say(`API gateway: ${server.url}`);
    }
    say(`Seed ${given.seed}. ${gatewayCount} gateways; shared limits: ${store.name}.`);
    let number = 0;
    const sections = await runScript(world, {
      quick: given.quick,
      onBegin: (name) => stage?.step(name),
      onSection: (section) => {
        stage?.addSection(section);
        say(render(section, ++number));
      },
      onSkip: say,
    });
    const hasPassed = isPassed(sections);
    const claims = sections.flatMap((section) => section.claims);
    const held = claims.filter(({ holds }) => holds).length;
    say(`\n${held} of ${claims.length} claims held, in ${((performance.now() - beganMs) / 1000).toFixed(0)} s.`);
    if (given.once) {
      life.end(hasPassed ? 0 : 1);
      return;
    }
    await stage.open(hasPassed);
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
