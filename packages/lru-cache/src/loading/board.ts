/**
 * Board: the loads under way, from take-off to landing.
 *
 * At most one attached flight a key is on the board; one that is detached still lands for those who wait, but not on
 * the shelf. Each runs when the gate has a place for it, inside two time limits: the soft one sends those who wait home
 * with a stale value and lets the load go on, the hard one ends it, whatever its loader does. Every load that ran ends
 * in one of: a value, absence, an error, discarded (overtaken, or needed by nobody).
 *
 * Whatever a callback throws, a load lands: its callers are answered and its place is free. Abort listeners are the
 * user's code too, so `detach` runs none: who detaches aborts when its own change is complete.
 */
import { requireTtl, weightOf } from '../check.ts';
import { LoadQueueFullError, LoadTimeoutError } from './errors.ts';
import { Flight, type Outcome } from './flight.ts';
import { jittered } from './freshness.ts';
import { Gate } from './gate.ts';
import type { Loader, Settings } from './options.ts';
import type { Shelf } from './shelf.ts';

export class Board<K, V> {
  /** Loads running; those waiting for their turn are not counted. */
  running = 0;
  loads = 0;
  loadFailures = 0;
  discarded = 0;
  /** Callers who waited and got a stale value. */
  sentHome = 0;
  private readonly flights = new Map<K, Flight<V>>();
  declare private readonly shelf: Shelf<K, V>;
  declare private readonly settings: Settings<K, V>;
  declare private readonly gate: Gate;

  constructor(shelf: Shelf<K, V>, settings: Settings<K, V>) {
    this.shelf = shelf;
    this.settings = settings;
    this.gate = new Gate(settings.maxConcurrentLoads, settings.maxQueuedLoads);
  }

  /** Whether one more load would be refused. */
  get full(): boolean {
    return this.gate.full;
  }

  get(key: K): Flight<V> | undefined {
    return this.flights.get(key);
  }

  /** A load that one caller waits for; the gate is not full. */
  load(key: K, loader: Loader<K, V>, signal: AbortSignal | undefined): Promise<V | undefined> {
    const flight = new Flight<V>(false);
    // Waited for and registered before it starts: the loader may call the cache about its own key.
    const outcome = this.join(key, flight, signal);
    this.start(key, flight, loader);
    return outcome;
  }

  join(key: K, flight: Flight<V>, signal: AbortSignal | undefined): Promise<V | undefined> {
    return flight.wait(signal, (reason) => this.abandon(key, flight, reason));
  }

  /** Starts a load that nobody waits for, if none is under way. */
  refreshBehind(key: K, loader: Loader<K, V>): void {
    if (this.flights.has(key)) return;
    if (this.full) this.report(new LoadQueueFullError(this.settings.maxQueuedLoads), key);
    else this.start(key, new Flight<V>(true), loader);
  }

  /** Starts a load, or queues it; the gate is not full. */
  private start(key: K, flight: Flight<V>, loader: Loader<K, V>): void {
    const { softTimeoutMs, timers } = this.settings;
    this.flights.set(key, flight);
    if (softTimeoutMs !== undefined && this.shelf.standIn(key) !== undefined) {
      flight.lateTimer = timers.set(() => this.outstay(key, flight), softTimeoutMs);
    }
    flight.turn = (): void => this.run(key, flight, loader);
    this.gate.enter(flight.turn);
  }

  /** An attached load takes too long for those who wait: they go on with the stale value, and it goes on behind them. */
  private outstay(key: K, flight: Flight<V>): void {
    flight.lateTimer = undefined;
    flight.late = true;
    const value = this.shelf.standIn(key);
    if (value === undefined) return;
    this.sentHome += flight.callers;
    flight.background = true;
    flight.settleAll({ ok: true, value });
  }

  private run(key: K, flight: Flight<V>, loader: Loader<K, V>): void {
    const { timeoutMs, timers, stopwatch, observer } = this.settings;
    flight.turn = undefined;
    this.loads++;
    this.running++;
    const startedAt = stopwatch.now();
    let ttl = this.settings.ttl;
    let timer: unknown;
    const finish = (outcome: Outcome<V>): void => {
      if (flight.done) return;
      flight.done = true;
      if (timeoutMs !== undefined) timers.clear(timer);
      this.running--;
      this.land(key, flight, outcome, ttl, stopwatch.now() - startedAt);
      this.gate.leave();
    };
    if (timeoutMs !== undefined) {
      timer = timers.set(() => {
        const error = new LoadTimeoutError(timeoutMs);
        finish({ ok: false, error });
        flight.abort(error);
      }, timeoutMs);
    }
    const stale = this.shelf.last(key);
    const context = {
      get signal(): AbortSignal {
        return flight.signal;
      },
      stale,
      setTtl: (given: number): void => {
        ttl = requireTtl('ttl', given);
      },
    };
    flight.starting = true;
    // In a promise job, so that a throw is a rejection and nothing lands before its caller is back.
    new Promise<V | undefined>((resolve) => {
      observer?.loadStart?.(key);
      resolve(loader(key, context));
    }).then(
      (value) => finish({ ok: true, value }),
      (error: unknown) => finish({ ok: false, error }),
    );
    flight.starting = false;
  }

  private land(key: K, flight: Flight<V>, result: Outcome<V>, ttl: number, ms: number): void {
    let answer = result;
    let outcome: 'value' | 'absent' | 'error' | 'discarded' = 'error';
    const wanted = flight.attached;
    if (result.ok) outcome = result.value === undefined ? 'absent' : 'value';
    if (flight.abandoned || (result.ok && !wanted)) outcome = 'discarded';
    if (outcome === 'discarded') this.discarded++;
    else if (!result.ok) this.loadFailures++;
    // Whether an error reaches anybody.
    let unheard = flight.background;
    if (wanted) {
      this.detach(key);
      try {
        if (result.ok) this.keep(key, result.value, ttl, ms);
        else this.shelf.blame(key, result.error);
        this.shelf.store.deliver();
      } catch (error) {
        // `weigh` or `onRemove` threw: the callers' outcome is good all the same.
        this.report(error, key);
      }
      const value = result.ok ? undefined : this.shelf.standIn(key);
      if (value !== undefined) {
        this.sentHome += flight.callers;
        answer = { ok: true, value };
        unheard = true;
      }
    }
    if (!result.ok && unheard && !flight.abandoned) this.report(result.error, key);
    flight.settleAll(answer);
    try {
      this.settings.observer?.loadEnd?.(key, ms, outcome);
    } catch (error) {
      this.report(error, key);
    }
  }

  private keep(key: K, value: V | undefined, ttl: number, ms: number): void {
    if (value === undefined) this.shelf.putAbsent(key);
    else this.shelf.put(key, value, this.lifeOf(ttl), weightOf(undefined, this.settings.weigh, value, key), ms);
  }

  /** A lifetime, with the jitter that is asked for. */
  lifeOf(ttl: number): number {
    const { jitter, random } = this.settings;
    return jitter === 0 ? ttl : jittered(ttl, jitter, random());
  }

  /** Takes a key's load off the board: its result will not be stored. The caller aborts it if nobody needs it. */
  detach(key: K): Flight<V> | undefined {
    const flight = this.flights.get(key);
    if (flight === undefined) return undefined;
    this.flights.delete(key);
    flight.attached = false;
    if (flight.lateTimer !== undefined) this.settings.timers.clear(flight.lateTimer);
    flight.lateTimer = undefined;
    return flight;
  }

  /** Takes all loads off the board. */
  detachAll(): (readonly [K, Flight<V>])[] {
    const all = [...this.flights];
    for (const [key] of all) this.detach(key);
    return all;
  }

  /** Stops a load that was taken off the board, unless somebody still waits for it. */
  abandonIfNeedless(key: K, flight: Flight<V> | undefined): void {
    if (flight?.needless === true) this.abandon(key, flight, undefined);
  }

  /** Nobody needs the result: give up the turn in the queue, or tell the loader to stop. */
  private abandon(key: K, flight: Flight<V>, reason: unknown): void {
    if (this.flights.get(key) === flight) this.detach(key);
    flight.abandoned = true;
    if (flight.turn !== undefined) this.gate.cancel(flight.turn);
    flight.turn = undefined;
    flight.abort(reason);
  }

  private report(error: unknown, key: K): void {
    try {
      this.settings.onLoadError?.(error, key);
    } catch {
      // There is nobody left to tell, and an unhandled rejection would end the process.
    }
  }
}
