/**
 * A write while a load is under way: the load has read the old value, the write deletes the cached one, the load lands
 * and stores what nobody will delete again.
 *
 * Each schedule is a seeded sequence of reads, writes and landings on one key. Where all has landed, what the cache
 * still answers is compared with the source. The naive read-through runs through the same schedules: if it left nothing
 * stale behind, the schedules would prove nothing.
 */
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import { LoadingCache } from '@loadbearing/lru-cache';
import { count, exactly, moreThan, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { settled } from './virtual-time.ts';

const steps = 8;
/** Schedules that take their steps together, so that they wait together for promises. */
const batch = 500;

interface Subject {
  /** What it answers without loading. */
  held(): number | undefined;
  read(load: () => Promise<number>): void;
  drop(): void;
}

export async function deleteDuringLoad(seed: number, schedules: number): Promise<Section> {
  const naive = await staleLeft(seed, schedules, naiveSubject);
  const ours = await staleLeft(seed, schedules, loadingSubject);
  return {
    title: 'A delete while a load is under way: a late result must not bring the old value back',
    lesson: `${count(schedules)} schedules of reads, writes and landings on one key (seed ${seed}). The naive read-through stores what it read before the write; a LoadingCache detaches the load, answers its waiters and keeps nothing.`,
    head: ['', 'schedules', 'stale values left behind'],
    rows: [
      ['get, load, set', count(schedules), count(naive)],
      ['LoadingCache', count(schedules), count(ours)],
    ],
    claims: [
      moreThan('stale values left by the naive read-through', naive, 0),
      exactly('stale values left by LoadingCache', ours, 0),
    ],
  };
}

function naiveSubject(): Subject {
  let held: number | undefined;
  return {
    held: () => held,
    read: (load) => {
      if (held === undefined) void load().then((value) => (held = value));
    },
    drop: () => (held = undefined),
  };
}

function loadingSubject(): Subject {
  const cache = new LoadingCache<string, number>({ max: 1, load: () => undefined });
  return {
    held: () => cache.peek('key'),
    read: (load) => void cache.fetch('key', { load }),
    drop: () => cache.delete('key'),
  };
}

async function staleLeft(seed: number, schedules: number, open: () => Subject): Promise<number> {
  const random = seeded(seed);
  let stale = 0;
  for (let done = 0; done < schedules; done += batch) {
    const running = Array.from({ length: Math.min(batch, schedules - done) }, () => new Schedule(open(), random));
    for (let i = 0; i < steps; i++) {
      for (const schedule of running) schedule.step();
      await settled();
    }
    for (const schedule of running) schedule.landAll();
    await settled();
    stale += running.filter((schedule) => schedule.isStale).length;
  }
  return stale;
}

class Schedule {
  readonly #subject: Subject;
  readonly #random: () => number;
  readonly #landings: (() => void)[] = [];
  #version = 1;

  constructor(subject: Subject, random: () => number) {
    this.#subject = subject;
    this.#random = random;
  }

  get isStale(): boolean {
    const held = this.#subject.held();
    return held !== undefined && held !== this.#version;
  }

  step(): void {
    const choice = this.#random();
    if (choice < 0.4) {
      this.#subject.read(() => this.#load());
    } else if (choice < 0.65) {
      this.#version++;
      this.#subject.drop();
    } else if (this.#landings.length > 0) {
      const [land] = this.#landings.splice(Math.floor(this.#random() * this.#landings.length), 1);
      land!();
    }
  }

  landAll(): void {
    for (const land of this.#landings.splice(0)) land();
  }

  /** Reads now, and arrives when the schedule says so. */
  #load(): Promise<number> {
    const read = this.#version;
    return new Promise((resolve) => this.#landings.push(() => resolve(read)));
  }
}
