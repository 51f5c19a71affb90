/**
 * The crowd: requests that come at their own pace, whether or not earlier ones have been answered (an open loop with
 * exponential pauses, so a Poisson process). That is what clients of the world do, and why a slow server is not given
 * less to do.
 *
 * `openMax` bounds the requests under way; one that would be above it is counted as failed and not sent.
 */
import http from 'node:http';
import { Latency } from '@loadbearing-examples/page-kit/latency.ts';
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import { call } from './caller.ts';
import { noOutcomes, type OutcomeName, type Tally } from './outcomes.ts';

export interface CrowdSettings {
  readonly ports: readonly number[];
  readonly perSecond: number;
  readonly deadlineMs: number;
  readonly hangsUp: boolean;
  /** How often a request that was not answered in time is tried again, after `retryAfterMs`. */
  readonly retries: number;
  /** Of the first tries, the part that goes to checkout. */
  readonly checkoutShare: number;
  readonly users: number;
  /** Requests a second of one more user, from one address, on top. */
  readonly greedyPerSecond: number;
}

export interface CrowdCounts {
  readonly all: Tally;
  readonly checkout: Tally;
  readonly greedy: Tally;
  readonly open: number;
  readonly p99Ms: number | null;
}

const openMax = 12_000;
const tickMs = 5;
const retryAfterMs = 50;
/** After a pause of the machine it does not catch up on more than this. */
const catchUpMs = 100;

export class Crowd {
  readonly #random: () => number;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
  #settings: CrowdSettings;
  #timer: NodeJS.Timeout | undefined;
  #tallies = fresh();
  #latency = new Latency();
  #open = 0;

  constructor(settings: CrowdSettings, seed: number) {
    this.#settings = settings;
    this.#random = seeded(seed);
  }

  configure(changes: Partial<CrowdSettings>): void {
    this.#settings = { ...this.#settings, ...changes };
  }

  start(): void {
    let lastMs = performance.now();
    let nextMs = lastMs;
    let nextGreedyMs = lastMs;
    this.#timer ??= setInterval(() => {
      const nowMs = performance.now();
      nextMs = Math.max(nextMs, lastMs - catchUpMs);
      nextGreedyMs = Math.max(nextGreedyMs, lastMs - catchUpMs);
      lastMs = nowMs;
      const { perSecond, greedyPerSecond } = this.#settings;
      for (; nextMs <= nowMs; nextMs += this.#pauseMs(perSecond)) if (perSecond > 0) void this.#ordinary();
      for (; nextGreedyMs <= nowMs; nextGreedyMs += this.#pauseMs(greedyPerSecond)) {
        if (greedyPerSecond > 0) void this.#one(this.#port(), '/search', 'greedy', '203.0.113.66', ['greedy']);
      }
    }, tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  counts(): CrowdCounts {
    const { all, checkout, greedy } = this.#tallies;
    return { all, checkout, greedy, open: this.#open, p99Ms: this.#latency.percentileMs(0.99) };
  }

  reset(): void {
    this.#tallies = fresh();
    this.#latency = new Latency();
  }

  /** A closed loop: so many under way, each begun when one ends, for a while. Answers how many were 'ok' a second. */
  async rate(underWay: number, forMs: number): Promise<number> {
    const beganMs = performance.now();
    let ok = 0;
    const caller = async (): Promise<void> => {
      while (performance.now() - beganMs < forMs) {
        const outcome = await this.#call(this.#port(), '/search', this.#user(), this.#address());
        if (outcome === 'ok') ok++;
      }
    };
    await Promise.all(Array.from({ length: underWay }, caller));
    return (ok * 1000) / (performance.now() - beganMs);
  }

  /** So many requests of one user at once at each port; how many were let in at each. */
  async burst(user: string, perPort: number): Promise<number[]> {
    const { ports } = this.#settings;
    return Promise.all(
      ports.map(async (port) => {
        const path = '/search';
        const made = await Promise.all(
          Array.from({ length: perPort }, () => this.#call(port, path, user, this.#address())),
        );
        return made.filter((outcome) => outcome !== 'limited').length;
      }),
    );
  }

  #ordinary(): Promise<void> {
    const isCheckout = this.#random() < this.#settings.checkoutShare;
    const tallies: (keyof Tallies)[] = isCheckout ? ['all', 'checkout'] : ['all'];
    return this.#one(this.#port(), isCheckout ? '/checkout' : '/search', this.#user(), this.#address(), tallies);
  }

  async #one(
    port: number,
    path: string,
    user: string,
    address: string,
    into: readonly (keyof Tallies)[],
  ): Promise<void> {
    const beganMs = performance.now();
    for (let tries = 0; ; tries++) {
      const outcome = this.#open < openMax ? await this.#call(port, path, user, address) : 'failed';
      if (outcome === 'ok') this.#latency.add(performance.now() - beganMs);
      if (outcome === 'ok' || tries >= this.#settings.retries) {
        for (const name of into) this.#tallies[name][outcome]++;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs * (1 + this.#random())));
    }
  }

  async #call(port: number, path: string, user: string, address: string): Promise<OutcomeName> {
    const { deadlineMs, hangsUp } = this.#settings;
    this.#open++;
    try {
      return await call(this.#agent, { port, path, user, address, deadlineMs, hangsUp });
    } finally {
      this.#open--;
    }
  }

  #pauseMs(perSecond: number): number {
    return perSecond > 0 ? (-Math.log(1 - this.#random()) * 1000) / perSecond : tickMs;
  }

  #port(): number {
    const { ports } = this.#settings;
    return ports[Math.floor(this.#random() * ports.length)]!;
  }

  #user(): string {
    return `user-${Math.floor(this.#random() * this.#settings.users)}`;
  }

  /** Addresses of documentation (RFC 5737): nobody's. */
  #address(): string {
    return `198.51.100.${Math.floor(this.#random() * 256)}`;
  }
}

interface Tallies {
  readonly all: Tally;
  readonly checkout: Tally;
  readonly greedy: Tally;
}

const fresh = (): Tallies => ({ all: noOutcomes(), checkout: noOutcomes(), greedy: noOutcomes() });
