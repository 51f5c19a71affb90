/** The script: all demonstrations in a row, each a section of the report. */
import type { Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { boundary } from './scenarios/boundary.ts';
import { flood } from './scenarios/flood.ts';
import { outage } from './scenarios/outage.ts';
import { overload } from './scenarios/overload.ts';
import { shared } from './scenarios/shared.ts';
import type { World } from './world.ts';

const sizes = {
  full: { overloadMs: 8000, outageMs: 4000, perGateway: 200, addresses: 1_000_000 },
  quick: { overloadMs: 3000, outageMs: 1500, perGateway: 60, addresses: 200_000 },
};

export interface ScriptOptions {
  readonly quick: boolean;
  /** Is told what begins, for a reader who waits. */
  readonly onBegin: (name: string) => void;
  readonly onSection: (section: Section) => void;
  /** Is told what could not be shown, and why. */
  readonly onSkip: (line: string) => void;
}

export async function runScript(world: World, options: ScriptOptions): Promise<Section[]> {
  const { quick, onBegin, onSection, onSkip } = options;
  const size = quick ? sizes.quick : sizes.full;
  const parts: readonly (readonly [name: string, run: () => Section | Promise<Section | undefined>])[] = [
    ['boundary', () => boundary()],
    ['overload', () => overload(world, size.overloadMs)],
    ['outage', () => outage(world, size.outageMs)],
    ['flood', () => flood(size.addresses)],
    ['shared', () => shared(world, size.perGateway)],
  ];
  const sections: Section[] = [];
  for (const [name, run] of parts) {
    onBegin(name);
    const section = await run();
    if (section === undefined) {
      onSkip(`The ${name} needs a store of our own to stop; the Redis of REDIS_URL is lent.`);
      continue;
    }
    sections.push(section);
    onSection(section);
  }
  return sections;
}
