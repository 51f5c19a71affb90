/**
 * The readers: each with a browser of its own, reading items by Zipf, and now and then somebody writes one.
 *
 * `run` is a closed loop, a fixed number of reads with so many under way: as fast as the layers answer. `start` is an
 * open loop at a steady pace, for the page; it never has more than `openMax` under way and counts what it left out.
 */
import { layers, noStops, stopOf, type Layer, type Waterfall } from '../layers/waterfall.ts';
import { itemCount } from '../database/items.ts';
import type { Fetch } from '../layers/http-layer.ts';
import { Latency } from '@loadbearing-examples/page-kit/latency.ts';
import { zipf, type Zipf } from './zipf.ts';

export const origin = 'http://shop.test';
const exponent = 0.9;
const openMax = 256;
const tickMs = 20;

export interface TrafficOptions {
  readonly readers: readonly Fetch[];
  readonly random: () => number;
  /** Of all operations, which part is a write. */
  readonly writeShare: number;
}

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #zipf: Zipf;
  #stops = noStops();
  #reads = 0;
  #errors = 0;
  #failedWrites = 0;
  #latency = fresh();
  #timer: NodeJS.Timeout | undefined;
  #open = 0;
  perSecond = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#zipf = zipf(itemCount, exponent, options.random);
  }

  counts(): Waterfall {
    return { reads: this.#reads, errors: this.#errors, stops: { ...this.#stops } };
  }

  get failedWrites(): number {
    return this.#failedWrites;
  }

  latencyOf(layer: Layer): Latency {
    return this.#latency[layer];
  }

  reset(): void {
    this.#stops = noStops();
    this.#reads = this.#errors = this.#failedWrites = 0;
    this.#latency = fresh();
  }

  /** Resolves when this many reads more are done. `onRead` is told their number as they finish. */
  async run(reads: number, underWay: number, onRead: (done: number) => void = () => undefined): Promise<void> {
    let begun = 0;
    let done = 0;
    const reader = async (): Promise<void> => {
      while (begun < reads) {
        begun++;
        await this.one();
        onRead(++done);
      }
    };
    await Promise.all(Array.from({ length: underWay }, reader));
  }

  start(perSecond: number): void {
    this.perSecond = perSecond;
    let due = 0;
    let lastMs = performance.now();
    this.#timer ??= setInterval(() => {
      const nowMs = performance.now();
      // After a pause of the machine it does not catch up.
      due += (Math.min(nowMs - lastMs, 10 * tickMs) / 1000) * this.perSecond;
      lastMs = nowMs;
      for (; due >= 1; due--) if (this.#open < openMax) void this.one();
    }, tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One read, and before it, once in a while, a write. A read that fails is counted. */
  async one(): Promise<void> {
    const { readers, random, writeShare } = this.#options;
    const id = this.#zipf.next();
    const fetch = readers[Math.floor(random() * readers.length)]!;
    const isWrite = random() < writeShare;
    this.#open++;
    try {
      if (isWrite) await this.#write(fetch, id);
      await this.#read(fetch, id);
    } finally {
      this.#open--;
    }
  }

  async #write(fetch: Fetch, id: number): Promise<void> {
    try {
      const response = await fetch(new Request(`${origin}/items/${id}`, { method: 'PUT' }));
      await response.arrayBuffer();
      if (!response.ok) this.#failedWrites++;
    } catch {
      this.#failedWrites++;
    }
  }

  async #read(fetch: Fetch, id: number): Promise<void> {
    const beganMs = performance.now();
    let status = 0;
    let layer: Layer = 'database';
    try {
      const response = await fetch(new Request(`${origin}/items/${id}`));
      await response.arrayBuffer();
      status = response.status;
      layer = stopOf(response.headers.get('cache-status'));
    } catch {
      // Counted below: no answer at all.
    }
    this.#reads++;
    if (status === 200) {
      this.#stops[layer]++;
      this.#latency[layer].add(performance.now() - beganMs);
    } else {
      this.#errors++;
    }
  }
}

const fresh = (): Record<Layer, Latency> =>
  Object.fromEntries(layers.map((layer) => [layer, new Latency()])) as Record<Layer, Latency>;
