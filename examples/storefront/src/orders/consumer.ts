/**
 * A consumer: follows the events topic into a projection, at its own pace.
 *
 * The projection lives in memory only. A start reads the topic from its beginning, so there is no second copy of the
 * truth that could disagree with it; how far behind the end it is, is its lag. `pause` stops it between two chunks:
 * the shop goes on selling, the lag grows, and `resume` catches up.
 */
import type { EventsTopic, Follower } from './events.ts';
import type { Projection } from './projections.ts';

export class Consumer<P extends Projection> implements Follower {
  readonly projection: P;
  readonly #topic: EventsTopic;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #position = 0;
  #waiting: { readonly offset: number; readonly resolve: () => void }[] = [];
  #paused: { readonly until: Promise<void>; readonly resume: () => void } | undefined;

  /** `onFailure` hears of a topic that cannot be read. */
  constructor(topic: EventsTopic, projection: P, onFailure: (error: unknown) => void) {
    this.#topic = topic;
    this.projection = projection;
    this.#position = topic.stats().start;
    this.#done = this.#run().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) onFailure(error);
    });
  }

  get name(): string {
    return this.projection.name;
  }

  get position(): number {
    return this.#position;
  }

  dump(): unknown {
    return this.projection.dump();
  }

  reaches(offset: number): Promise<void> {
    if (this.#position >= offset) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ offset, resolve }));
  }

  pause(): void {
    if (this.#paused !== undefined) return;
    let resume: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (resume = resolve));
    this.#paused = { until, resume };
  }

  resume(): void {
    this.#paused?.resume();
    this.#paused = undefined;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.resume();
    await this.#done;
  }

  async #run(): Promise<void> {
    for await (const chunk of this.#topic.follow(this.#stop.signal)) {
      while (this.#paused !== undefined) await this.#paused.until;
      for (const { offset, event } of chunk) {
        this.projection.apply(event);
        this.#position = offset + 1;
      }
      const reached = this.#waiting.filter(({ offset }) => offset <= this.#position);
      this.#waiting = this.#waiting.filter(({ offset }) => offset > this.#position);
      for (const { resolve } of reached) resolve();
    }
  }
}
