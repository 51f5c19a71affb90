/** The picture: how many reads stop at each layer, with all layers on, with each off in turn, and with none. */
import { asked, layerNames, layers, type Layer, type Waterfall } from '../layers/waterfall.ts';
import {
  atMost,
  count,
  moreThan,
  oneDigit,
  percent,
  type Claim,
  type Section,
} from '@loadbearing-examples/page-kit/report/claims.ts';
import type { AppCounts, Switches, World } from '../world.ts';

const underWay = 48;
/** Long enough that nothing expires: what a layer holds is then a matter of its size, and not of how fast this machine is. */
const lasting = { cacheControl: 'public, max-age=300', l1TtlMs: 60_000 };

export interface WaterfallSizes {
  /** With all layers on. */
  readonly reads: number;
  /** With one off; compared with the first as many reads of the run with all on. */
  readonly compared: number;
  /** Before each, uncounted: an empty cache says nothing about a layer. */
  readonly warmUp: number;
  /** With none. */
  readonly bare: number;
}

interface Run {
  readonly name: string;
  readonly waterfall: Waterfall;
  readonly apps: AppCounts;
  readonly queries: number;
}

export async function waterfall(
  world: World,
  sizes: WaterfallSizes,
  onProgress: (reads: number) => void = () => undefined,
): Promise<Section> {
  const { compared, warmUp, bare } = sizes;
  const { full, start } = await allOn(world, sizes, onProgress);
  const off: Run[] = [];
  for (const layer of layers)
    if (layer !== 'database') off.push(await run(world, `${layer} off`, { [layer]: false }, warmUp, compared));
  const none = await run(world, 'all off', { browser: false, edge: false, l1: false, l2: false }, 0, bare);
  await world.reset();
  const runs = [full, start, ...off, none];
  return {
    title: 'The waterfall: how many reads stop at each layer',
    lesson:
      'A layer sees only the misses of the one above. So a good edge makes the first level look bad, and switching a layer off moves its work to the next one down, not to the database.',
    head: ['', 'reads', ...layers.map((layer) => layerNames[layer]), 'queries per 1,000'],
    rows: runs.map(({ name, waterfall, queries }) => [
      name,
      count(waterfall.reads),
      ...layers.map((layer) => percent(waterfall.stops[layer] / waterfall.reads)),
      oneDigit((1000 * queries) / waterfall.reads),
    ]),
    claims: [...runs.map(addsUp), ...compare(start, off, none)],
  };
}

/** Every read stops somewhere, none fails, and the database counts as many queries as the apps say they made. */
function addsUp({ name, waterfall, apps, queries }: Run): Claim {
  const stops = layers.reduce((sum, layer) => sum + waterfall.stops[layer], 0);
  return {
    what: `${name}: stops = reads, errors, queries = loads of the apps`,
    measured: `${count(stops)}, ${waterfall.errors}, ${count(queries)}`,
    allowed: `${count(waterfall.reads)}, 0, ${count(apps.loads)}`,
    holds: stops === waterfall.reads && waterfall.errors === 0 && queries === apps.loads,
  };
}

function compare(start: Run, off: readonly Run[], none: Run): Claim[] {
  const perThousand = ({ queries, waterfall }: Run): number => (1000 * queries) / waterfall.reads;
  const askedOf = (layer: Layer, { waterfall }: Run): number => asked(waterfall)[layer].asked;
  const l1Ratio = ({ waterfall }: Run): number => asked(waterfall).l1.ratio;
  const toL2 = ({ apps }: Run): number => apps.l2Reads / apps.requests;
  const byName = (name: string): Run => off.find((run) => run.name === name)!;
  return [
    atMost(
      'queries per 1,000 reads with all on: half of those with none',
      perThousand(start),
      perThousand(none) / 2,
      oneDigit,
    ),
    moreThan(
      'edge is asked more when browsers keep nothing',
      askedOf('edge', byName('browser off')),
      askedOf('edge', start),
    ),
    moreThan('level 1 is asked more without the edge', askedOf('l1', byName('edge off')), askedOf('l1', start)),
    moreThan(
      'of the requests to an app, level 2 is asked more without level 1',
      toL2(byName('l1 off')),
      toL2(start),
      percent,
    ),
    moreThan(
      'a good layer makes the next look bad: hit ratio of level 1 without the edge',
      l1Ratio(byName('edge off')),
      l1Ratio(start),
      percent,
    ),
    moreThan('queries per 1,000 reads without level 2', perThousand(byName('l2 off')), perThousand(start), oneDigit),
  ];
}

async function allOn(
  world: World,
  { reads, compared, warmUp }: WaterfallSizes,
  onProgress: (reads: number) => void,
): Promise<{ full: Run; start: Run }> {
  await world.reset(lasting);
  await world.traffic.run(warmUp, underWay);
  await world.resetCounts();
  await world.traffic.run(compared, underWay, onProgress);
  const start = await measured(world, 'all on, for comparison');
  await world.traffic.run(reads - compared, underWay, (done) => onProgress(compared + done));
  return { start, full: await measured(world, 'all on') };
}

async function run(
  world: World,
  name: string,
  switches: Partial<Switches>,
  warmUp: number,
  reads: number,
): Promise<Run> {
  await world.reset(lasting, switches);
  await world.traffic.run(warmUp, underWay);
  await world.resetCounts();
  await world.traffic.run(reads, underWay);
  return measured(world, name);
}

/** Waits for refreshes behind: they count too. */
async function measured(world: World, name: string): Promise<Run> {
  for (;;) {
    const before = await world.databaseCounts();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const [apps, after] = await Promise.all([world.appCounts(), world.databaseCounts()]);
    if (after.open === 0 && after.queries === before.queries) {
      return { name, waterfall: world.traffic.counts(), apps, queries: after.queries };
    }
  }
}
