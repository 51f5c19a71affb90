/**
 * When which process is killed: by the progress of the migration, in a step and with a delay that the seed chooses.
 *
 * Not by the clock: a migration takes a second here and a minute there, and a kill beside it proves nothing.
 */
import type { MoverStep } from '@loadbearing/consistent-hash/migrate';
import type { Kill } from '../feed.ts';

export interface PlannedKill {
  readonly process: Kill['process'];
  /** Once this fraction of the slots has moved, */
  readonly fraction: number;
  /** at the next step of this kind, */
  readonly step: MoverStep['kind'];
  /** this much later. */
  readonly delayMs: number;
}

const steps = ['claim', 'copy', 'freeze', 'switch'] as const;
const delayMsMax = 6;

/** The mover early, the router in the middle, the mover late. `random` is in [0, 1). */
export function planKills(random: () => number): PlannedKill[] {
  const planned: readonly [Kill['process'], number, number][] = [
    ['mover', 0.1, 0.3],
    ['router', 0.4, 0.55],
    ['mover', 0.6, 0.8],
  ];
  return planned.map(([process, least, most]) => ({
    process,
    fraction: least + (most - least) * random(),
    step: steps[Math.floor(random() * steps.length)]!,
    delayMs: Math.floor(random() * delayMsMax),
  }));
}

/** Follows the mover's steps; answers with the kill that is due, each once. */
export class Killer {
  readonly #planned: PlannedKill[];
  readonly #slots: number;
  #switched = 0;

  constructor(planned: readonly PlannedKill[], slotsToMove: number) {
    this.#planned = [...planned];
    this.#slots = slotsToMove;
  }

  on({ kind, slots }: MoverStep): PlannedKill | undefined {
    if (kind === 'switch') this.#switched += slots.length;
    const next = this.#planned[0];
    if (kind !== next?.step || this.#switched < next.fraction * this.#slots) return undefined;
    return this.#planned.shift();
  }
}
