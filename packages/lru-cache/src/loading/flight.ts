/**
 * Flight: one load on its way, and everybody who waits for it.
 *
 * A flight lives beside the store and not in a slot, so eviction cannot touch it. A caller with an AbortSignal has a
 * promise of its own, which its signal alone rejects; callers without one can never leave and share a single promise,
 * so a stampede of a thousand costs one promise and not a thousand.
 *
 * The load's signal aborts when nobody needs the result: reference counting, in which a caller without a signal
 * counts for good and the cache itself, which refreshes behind its callers, counts as long as the result can be stored.
 * The signal is made when the loader first looks at it, since most never do and it costs more than the rest of a flight.
 *
 * `attached` says whether the result may still be stored. `set`, `delete` and `clear` detach the key's flight: those
 * who wait get its result, the cache does not, so a load begun before an invalidation can never bring the old value
 * back. Invariant: a leaver is in the set exactly as long as its promise is pending.
 */
export type Outcome<V> =
  { readonly ok: true; readonly value: V | undefined } | { readonly ok: false; readonly error: unknown };

type Settle<V> = (outcome: Outcome<V>) => void;

export class Flight<V> {
  /** The cache itself wants the result, even if no caller waits. */
  declare background: boolean;
  attached = true;
  done = false;
  /** Aborted because nobody needed it: however it ends, it is nobody's failure. */
  abandoned = false;
  /** Its loader is on the stack: who joins now is the loader itself, and would wait for itself. */
  starting = false;
  /** It has taken longer than callers wait who have a stale value to go on with. */
  late = false;
  lateTimer: unknown;
  /** Its turn in the gate's queue, as long as it waits for one. */
  turn: (() => void) | undefined;
  private controller: AbortController | undefined;
  private aborted = false;
  private reason: unknown;
  /** How many callers cannot leave, and the promise they share. */
  private stayers = 0;
  private shared: Promise<V | undefined> | undefined;
  private settleShared: Settle<V> | undefined;
  private readonly leavers = new Set<Settle<V>>();

  constructor(background: boolean) {
    this.background = background;
  }

  get callers(): number {
    return this.stayers + this.leavers.size;
  }

  /** Nobody would notice if the load stopped. */
  get needless(): boolean {
    return this.callers === 0 && !(this.background && this.attached);
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.aborted) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.controller?.abort(reason);
  }

  /** The outcome, for one more caller. `onNeedless` runs when its abort makes the flight needless. */
  wait(signal: AbortSignal | undefined, onNeedless: (reason: unknown) => void): Promise<V | undefined> {
    if (signal !== undefined) return this.leaver(signal, onNeedless);
    this.stayers++;
    return (this.shared ??= new Promise((resolve, reject) => {
      this.settleShared = settler(resolve, reject);
    }));
  }

  /** Answers all who wait now; the load itself may go on, and be waited for again. */
  settleAll(outcome: Outcome<V>): void {
    const leavers = [...this.leavers];
    const settleShared = this.settleShared;
    this.leavers.clear();
    this.stayers = 0;
    this.shared = this.settleShared = undefined;
    settleShared?.(outcome);
    for (const settle of leavers) settle(outcome);
  }

  private leaver(signal: AbortSignal, onNeedless: (reason: unknown) => void): Promise<V | undefined> {
    return new Promise((resolve, reject) => {
      const pass = settler(resolve, reject);
      const settle: Settle<V> = (outcome) => {
        signal.removeEventListener('abort', leave);
        pass(outcome);
      };
      const leave = (): void => {
        this.leavers.delete(settle);
        settle({ ok: false, error: signal.reason });
        if (this.needless) onNeedless(signal.reason);
      };
      this.leavers.add(settle);
      signal.addEventListener('abort', leave);
    });
  }
}

function settler<V>(resolve: (value: V | undefined) => void, reject: (error: Error) => void): Settle<V> {
  // A loader may reject with anything; it is passed on as it came.
  return (outcome) => (outcome.ok ? resolve(outcome.value) : reject(outcome.error as Error));
}
