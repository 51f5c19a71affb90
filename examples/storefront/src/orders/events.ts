/**
 * The events topic: what happened to orders, in one commit log that anything may follow.
 *
 * Publishing is at least once: a saga step appends, and if the process dies before the step's own journal entry it
 * appends again. Consumers therefore count an order by what it goes through (placed, then ended), not by how often
 * they are told.
 *
 * History must not grow for ever, and its sums must not be lost: now and then the consumers' folds are appended as
 * one `brought-forward` record (the accountant's term) and everything before it is deleted. That record must be the
 * fold of exactly what stands before it, so publishing waits while it is made.
 */
import { Log, type LogStats } from '@loadbearing/commit-log';
import { fileStorage } from '@loadbearing/commit-log/node';

export interface Order {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly totalCents: number;
}

export type ShopEvent =
  | { readonly type: 'order-placed'; readonly atMs: number; readonly order: Order }
  | { readonly type: 'order-completed'; readonly atMs: number; readonly id: string }
  | { readonly type: 'order-cancelled'; readonly atMs: number; readonly id: string; readonly reason: string }
  | { readonly type: 'brought-forward'; readonly folds: Readonly<Record<string, unknown>> };

/** Something that follows the topic and can say where it stands. */
export interface Follower {
  readonly name: string;
  /** The next offset it will read. */
  readonly position: number;
  /** Its fold of everything below `position`, as JSON. */
  readonly dump: () => unknown;
  /** Resolves when `position` has reached the offset; at once if it has. */
  readonly reaches: (offset: number) => Promise<void>;
}

const decoder = new TextDecoder();
const broughtForwardEvery = 50_000;
/** Room for one `brought-forward` record: thousands of orders, twice. */
const recordBytesMax = 16 * 2 ** 20;

export class EventsTopic {
  readonly #log: Log;
  readonly #clock: () => number;
  #gate: Promise<void> | undefined;
  #inFlight = new Set<Promise<unknown>>();

  private constructor(log: Log, clock: () => number) {
    this.#log = log;
    this.#clock = clock;
  }

  static async open(dir: string, clock: () => number): Promise<EventsTopic> {
    const sizes = { segmentBytes: recordBytesMax, maxBatchBytes: recordBytesMax };
    return new EventsTopic(await Log.open({ storage: fileStorage(dir), ...sizes }), clock);
  }

  get closedInOrder(): boolean {
    return this.#log.recovery.clean;
  }

  stats(): LogStats {
    return this.#log.stats();
  }

  async placed(order: Order): Promise<void> {
    await this.#publish({ type: 'order-placed', atMs: this.#clock(), order }, order.id);
  }

  async completed(id: string): Promise<void> {
    await this.#publish({ type: 'order-completed', atMs: this.#clock(), id }, id);
  }

  async cancelled(id: string, reason: string): Promise<void> {
    await this.#publish({ type: 'order-cancelled', atMs: this.#clock(), id, reason }, id);
  }

  /** Everything in the topic, then what comes, until the signal or the end of the log. */
  async *follow(signal: AbortSignal): AsyncIterable<readonly { readonly offset: number; readonly event: ShopEvent }[]> {
    for await (const chunk of this.#log.tail({ from: 'start', signal })) {
      yield chunk.map(({ offset, value }) => ({ offset, event: JSON.parse(decoder.decode(value)) as ShopEvent }));
    }
  }

  /** Whether enough has gathered for `bringForward` to be worth it. */
  get isLong(): boolean {
    const { start, end } = this.#log.stats();
    return end - start > broughtForwardEvery;
  }

  /** Replaces the history by the followers' folds of it. Publishing waits meanwhile. */
  async bringForward(followers: readonly Follower[]): Promise<void> {
    if (this.#gate !== undefined) return;
    let open: () => void = () => undefined;
    this.#gate = new Promise((resolve) => (open = resolve));
    try {
      await Promise.allSettled(this.#inFlight);
      const { end } = this.#log.stats();
      await Promise.all(followers.map((follower) => follower.reaches(end)));
      const folds = Object.fromEntries(followers.map((follower) => [follower.name, follower.dump()]));
      const { baseOffset } = await this.#append({ type: 'brought-forward', folds }, null);
      await this.#log.deleteBefore(baseOffset);
    } finally {
      this.#gate = undefined;
      open();
    }
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #publish(event: ShopEvent, key: string): Promise<void> {
    while (this.#gate !== undefined) await this.#gate;
    const appending = this.#append(event, key);
    this.#inFlight.add(appending);
    try {
      await appending;
    } finally {
      this.#inFlight.delete(appending);
    }
  }

  #append(event: ShopEvent, key: string | null): Promise<{ readonly baseOffset: number }> {
    return this.#log.append([{ key, value: JSON.stringify(event) }]);
  }
}
