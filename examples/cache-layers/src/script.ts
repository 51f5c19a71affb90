/** The script: all demonstrations in a row, each a section of the report. */
import type { Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { cacheLoss } from './scenarios/cache-loss.ts';
import { revalidation } from './scenarios/revalidation.ts';
import { stampede } from './scenarios/stampede.ts';
import { staleness } from './scenarios/staleness.ts';
import { waterfall } from './scenarios/waterfall.ts';
import { absent } from './simulated/absent.ts';
import { deleteDuringLoad } from './simulated/delete-during-load.ts';
import { expiryStorm } from './simulated/expiry-storm.ts';
import { failingSource } from './simulated/failing-source.ts';
import type { World } from './world.ts';

const sizes = {
  full: {
    waterfall: { reads: 15_000, compared: 3000, warmUp: 3000, bare: 1000 },
    callers: 1000,
    staleness: { items: 10, l1TtlMs: 1500, cutMs: 5000 },
    phaseMs: 700,
    items: 50,
    lookups: 100_000,
    schedules: 100_000,
    periods: 3,
  },
  quick: {
    waterfall: { reads: 1500, compared: 800, warmUp: 1200, bare: 200 },
    callers: 1000,
    staleness: { items: 3, l1TtlMs: 800, cutMs: 1500 },
    phaseMs: 300,
    items: 10,
    lookups: 10_000,
    schedules: 4000,
    periods: 2,
  },
};

export interface ScriptOptions {
  readonly seed: number;
  readonly quick: boolean;
  /** Is told what begins, for a reader who waits. */
  readonly onBegin: (name: string) => void;
  readonly onSection: (section: Section) => void;
}

export async function runScript(world: World, { seed, quick, onBegin, onSection }: ScriptOptions): Promise<Section[]> {
  const size = quick ? sizes.quick : sizes.full;
  const parts: readonly (readonly [name: string, run: () => Promise<Section>])[] = [
    ['waterfall', () => waterfall(world, size.waterfall)],
    ['stampede', () => stampede(world, size.callers)],
    ['expiry storm', () => expiryStorm(seed, size.periods)],
    ['failing source', () => failingSource()],
    ['staleness', () => staleness(world, size.staleness)],
    ['delete during load', () => deleteDuringLoad(seed, size.schedules)],
    ['absent items', () => absent(seed, size.lookups)],
    ['cache loss', () => cacheLoss(world, size.phaseMs)],
    ['revalidation', () => revalidation(world, size.items)],
  ];
  const sections: Section[] = [];
  for (const [name, run] of parts) {
    onBegin(name);
    const section = await run();
    sections.push(section);
    onSection(section);
  }
  return sections;
}
