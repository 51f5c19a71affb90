/**
 * The script: a fifth shard joins under load while mover and router are killed, and one of the five leaves the same
 * way. After each, every row is read back through the router and compared with what was acknowledged.
 */
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import { Histogram } from '../load/histogram.ts';
import type { ChangeShards } from '../feed.ts';
import type { World } from '../world.ts';
import { Killer, planKills } from './kills.ts';
import { count, millis, type Act, type Measured } from './verdict.ts';

export interface ScriptOptions {
  readonly seed: number;
  readonly idleMs: number;
  readonly say: (line: string) => void;
}

const warmUpMs = 500;

export async function runScript(world: World, { seed, idleMs, say }: ScriptOptions): Promise<Measured> {
  const random = seeded(seed);
  const { traffic } = world;
  const rows = world.keys.length;
  world.isScripted = true;
  await world.ready();
  await world.load();
  say(`Loaded ${count(rows)} rows in ${world.map.count} slots on ${world.map.nodes.length} shards.`);

  traffic.start();
  world.phase = 'idle';
  await sleep(warmUpMs);
  const idle = (traffic.sample = new Histogram());
  await sleep(idleMs);
  traffic.sample = undefined;
  world.idleP99Ms = idle.percentileMs(0.99);
  say(`Idle: p99 ${millis(world.idleP99Ms)} of ${count(idle.total)} operations.`);

  const ids = world.map.nodes.map(({ id }) => id);
  // One of those from the beginning: all that it holds has to go, to each of the others.
  const leaving = ids[Math.floor(random() * ids.length)]!;
  const acts = [
    await act(world, 'add', { action: 'add' }, random, say),
    await act(world, 'remove', { action: 'remove', id: leaving }, random, say),
  ];
  const { reads, writes, deletes } = traffic.counts;
  world.isScripted = false;
  return {
    rows,
    idleP99Ms: world.idleP99Ms,
    acts,
    operations: reads + writes + deletes,
    unanswered: traffic.unanswered,
  };
}

async function act(
  world: World,
  title: string,
  change: ChangeShards,
  random: () => number,
  say: (line: string) => void,
): Promise<Act> {
  const { traffic, checker } = world;
  const shardsBefore = world.map.nodes.length;
  const slotsToMove = world.map.count / Math.max(shardsBefore, shardsBefore + (change.action === 'add' ? 1 : 0));
  const killer = new Killer(planKills(random), slotsToMove);
  const kills = { mover: 0, router: 0 };
  world.onStep = (step) => {
    const due = killer.on(step);
    if (due === undefined) return;
    setTimeout(() => {
      const pid = world.kill(due.process);
      kills[due.process]++;
      say(
        `  kill -9 ${pid}, the ${due.process}: ${due.delayMs} ms after its "${step.kind}" of slots ${step.slots.join(' ')}`,
      );
    }, due.delayMs);
  };
  say(change.action === 'add' ? 'One more shard joins.' : `${change.id} leaves.`);
  const sample = (traffic.sample = new Histogram());
  const migration = await world.migrate(change);
  traffic.sample = undefined;
  world.onStep = () => undefined;
  say(`  ${migration.slots} slots moved in ${migration.seconds.toFixed(1)} s.`);

  await traffic.stop();
  await world.ready();
  const readBack = await traffic.readAll(world.keys);
  const misplacedRows = await world.misplacedRows();
  traffic.start();
  return {
    title,
    migration,
    p99Ms: sample.percentileMs(0.99),
    samples: sample.total,
    moverKills: kills.mover,
    routerKills: kills.router,
    readBack,
    misplacedRows,
    violations: { ...checker.violations },
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
