/**
 * The stage: what the page shows and what its buttons do, once the script is over.
 *
 * The crowd goes on at the chosen pace. Counters of the processes are asked for once a second, so that watching costs
 * nothing.
 */
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import type { Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { Controls, Feed, Second } from './feed.ts';
import { sum } from './load/outcomes.ts';
import type { GatewayCounts } from './processes/gateway.ts';
import type { World } from './world.ts';

const everyMs = 1000;
const historySeconds = 60;
export const timesMax = 6;
const greedyPerSecond = 200;
const retries = 3;
const atFirst: Controls = { times: 0.8, bounded: true, hung: false, greedy: false, retries: false };

export class Stage {
  readonly #world: World;
  readonly #sections: Section[] = [];
  #phase: Feed['phase'] = 'script';
  #step = 'starting';
  #controls = atFirst;
  #gateway: GatewayCounts | undefined;
  #greedy = { admitted: 0, refused: 0 };
  #waiting = 0;
  #history: Second[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  step(name: string): void {
    this.#step = name;
  }

  addSection(section: Section): void {
    this.#sections.push(section);
  }

  /** The script is over: the buttons work, and the crowd comes. */
  async open(isPassed: boolean): Promise<void> {
    this.#phase = isPassed ? 'open' : 'failed';
    await this.#apply(atFirst);
    await this.#world.startCrowd();
    this.#timer ??= setInterval(() => void this.#look().catch(() => undefined), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Throws Refusal while the script decides, and for what cannot be done. */
  async set(changes: Partial<Controls>): Promise<void> {
    if (this.#phase === 'script') throw new Refusal(409, 'The script is running; it decides until it is over.');
    const { times } = changes;
    if (times !== undefined && !(Number.isFinite(times) && times >= 0 && times <= timesMax)) {
      throw new Refusal(400, `times must be a number from 0 to ${timesMax}.`);
    }
    if (changes.hung !== undefined && !this.#world.store.hang(changes.hung)) {
      throw new Refusal(409, 'The Redis of REDIS_URL is lent; it is not stopped.');
    }
    await this.#apply({ ...this.#controls, ...changes });
  }

  feed(): Feed {
    const gateway = this.#gateway;
    return {
      phase: this.#phase,
      step: this.#step,
      store: this.#world.store.name,
      capacityPerSecond: this.#world.capacityPerSecond,
      controls: this.#controls,
      inFlight: gateway?.inFlight ?? 0,
      waiting: this.#waiting,
      breaker: gateway?.breaker ?? 'closed',
      doorsP99Ms: gateway?.doorsP99Ms ?? null,
      greedy: this.#greedy,
      history: this.#history,
      sections: this.#sections,
    };
  }

  async #apply(controls: Controls): Promise<void> {
    const before = this.#controls;
    this.#controls = controls;
    await this.#world.crowd({
      perSecond: controls.times * this.#world.capacityPerSecond,
      greedyPerSecond: controls.greedy ? greedyPerSecond : 0,
      retries: controls.retries ? retries : 0,
    });
    // New doors remember nothing: opened only when they are to be others.
    if (controls.bounded !== before.bounded) {
      await this.#world.configure({ concurrency: controls.bounded ? 'aimd' : 'none' });
    }
  }

  async #look(): Promise<void> {
    const [crowd, gateway, { waiting }] = await Promise.all([
      this.#world.crowdCounts(),
      this.#world.gatewayCounts(0),
      this.#world.upstreamCounts(),
    ]);
    await this.#world.resetCounts();
    this.#gateway = gateway;
    this.#waiting = waiting;
    const { limited } = crowd.greedy;
    this.#greedy = { admitted: sum(crowd.greedy) - limited, refused: limited };
    const marks = [...new Set(gateway.events.filter((type) => type.startsWith('breaker')))];
    const second: Second = { rates: crowd.all, limit: gateway.limit, p99Ms: crowd.p99Ms, marks };
    this.#history = [...this.#history, second].slice(-historySeconds);
  }
}
