/**
 * What stands behind the gateway: a pool of slots, each busy for a while with one request, and a queue in front of them
 * that has no end. It does not notice that a client has gone, as a database does not; so under more load than it can
 * bear it works only on requests that nobody waits for any more. That is the collapse which the gateway must prevent.
 */
export interface PoolSettings {
  readonly slots: number;
  readonly serviceMs: number;
}

export interface PoolCounts {
  readonly served: number;
  readonly waiting: number;
}

export class Pool {
  #settings: PoolSettings;
  #busy = 0;
  #served = 0;
  #waiting: ((isServed: boolean) => void)[] = [];

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  configure(changes: Partial<PoolSettings>): void {
    this.#settings = { ...this.#settings, ...changes };
  }

  /** True when served; false when the queue was cleared meanwhile. */
  run(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
  }

  counts(): PoolCounts {
    return { served: this.#served, waiting: this.#waiting.length };
  }

  /** Nobody waits any more; what is being served goes on. */
  clear(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(false);
  }

  #next(): void {
    if (this.#busy >= this.#settings.slots) return;
    const resolve = this.#waiting.shift();
    if (resolve === undefined) return;
    this.#busy++;
    setTimeout(() => {
      this.#busy--;
      this.#served++;
      resolve(true);
      this.#next();
    }, this.#settings.serviceMs);
  }
}
