/**
 * What makes the database a bottleneck: each query takes at least `delayMs`, and at most `limit` run at a time.
 *
 * So its capacity is limit / delayMs, and whoever asks for more waits in line (FIFO, bounded: beyond `queueMax` it
 * refuses). `peak` counts queries that run or wait, which is what its callers do to it; what it does itself never
 * exceeds `limit`.
 */
export interface GateSettings {
  readonly delayMs: number;
  readonly limit: number;
  /** Every query fails, after its delay. */
  readonly failing: boolean;
}

export interface GateCounts {
  readonly queries: number;
  readonly failed: number;
  /** Most queries that ran or waited at once. */
  readonly peak: number;
  /** Now. */
  readonly open: number;
}

const queueMax = 20_000;

export class Gate {
  #settings: GateSettings;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #line: (() => void)[] = [];
  #running = 0;
  #queries = 0;
  #failed = 0;
  #peak = 0;

  constructor(
    settings: GateSettings,
    sleep: (ms: number) => Promise<unknown> = (ms) => new Promise((wake) => setTimeout(wake, ms)),
  ) {
    this.#settings = settings;
    this.#sleep = sleep;
  }

  get settings(): GateSettings {
    return this.#settings;
  }

  configure(changes: Partial<GateSettings>): void {
    this.#settings = { ...this.#settings, ...changes };
  }

  counts(): GateCounts {
    return {
      queries: this.#queries,
      failed: this.#failed,
      peak: this.#peak,
      open: this.#running + this.#line.length,
    };
  }

  /** Counts from zero again, and the peak from what is open now. */
  reset(): void {
    this.#queries = this.#failed = 0;
    this.#peak = this.#running + this.#line.length;
  }

  /** Rejects when the query fails, when the database is set to fail, or when too many wait. */
  async run<T>(query: () => Promise<T>): Promise<T> {
    this.#queries++;
    if (this.#line.length >= queueMax) {
      this.#failed++;
      throw new Error('the database is overloaded');
    }
    const turn = this.#running < this.#settings.limit ? undefined : this.#wait();
    if (turn === undefined) this.#running++;
    this.#peak = Math.max(this.#peak, this.#running + this.#line.length);
    if (turn !== undefined) await turn;
    try {
      const [, result] = await Promise.all([this.#sleep(this.#settings.delayMs), this.#answer(query)]);
      if (!('value' in result)) throw result.error;
      return result.value;
    } catch (error) {
      this.#failed++;
      throw error;
    } finally {
      // The place goes to the next in line, so that nobody can overtake it.
      const next = this.#line.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#line.push(resolve));
  }

  /** As a value: a failure takes its delay too. */
  async #answer<T>(query: () => Promise<T>): Promise<{ value: T } | { error: Error }> {
    if (this.#settings.failing) return { error: new Error('the database is down') };
    try {
      return { value: await query() };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  }
}
