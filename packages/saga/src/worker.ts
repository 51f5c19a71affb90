/**
 * Worker: one lease, one claim loop, and one run loop per run it has.
 *
 * Nothing is decided here. What a run does next is `plan`'s business, who has a run is the store's; the worker keeps a
 * map from run ids to loops and gives each what it needs. Losing the map loses nothing: every loop can be built again
 * from the journal, here or elsewhere.
 */
import { Batcher } from './batcher.ts';
import { Claimer } from './claimer.ts';
import { fold } from './evolve.ts';
import type { RunState } from './evolve.ts';
import { Lease } from './lease.ts';
import { decodeRun } from './records.ts';
import { RunLoop } from './run-loop.ts';
import type { LoopEnd, RunPorts } from './run-loop.ts';
import type { Definition } from './saga.ts';
import type { Settings } from './settings.ts';
import type { Append, Appended, StoredMail, StoredRun } from './store.ts';

export interface WorkerOptions {
  readonly settings: Settings;
  /** A new name for a new lease. */
  readonly incarnation: () => string;
  /** A run left this worker: with its state when it has ended or is stuck, with null when it goes on elsewhere. */
  readonly onChange: (id: string, state: RunState | null) => void;
  readonly onFailed: (error: unknown) => void;
}

export class Worker {
  private readonly options: WorkerOptions;
  private readonly loops = new Map<string, RunLoop>();
  private readonly lease: Lease;
  private readonly claimer: Claimer;
  private readonly ports: RunPorts;
  private starting = 0;
  private stopped = false;
  private onIdle: (() => void) | undefined;

  constructor(options: WorkerOptions) {
    this.options = options;
    const { settings, onFailed } = options;
    const { store, clock } = settings;
    this.lease = new Lease({
      store,
      clock,
      leaseMs: settings.leaseMs,
      incarnation: options.incarnation,
      onMail: (mail) => this.deliver(mail),
      onLost: () => {
        settings.observer.tell({ type: 'lease-lost', worker: this.lease.worker });
        this.dropAll('the lease is over');
      },
      onFailed,
    });
    this.claimer = new Claimer({
      store,
      clock,
      kinds: [...settings.kinds.keys()],
      pollMs: settings.pollMs,
      worker: () => (this.lease.isValid() ? this.lease.worker : null),
      room: () => this.room(),
      onRun: (run, worker) => this.claimed(run, worker),
      onFailed,
    });
    const appends = new Batcher<Append, Appended>({
      call: (rows) => appendInOrder(settings, rows),
      batchMax: store.batchMax,
      writersMax: store.writersMax,
      clock,
      pauseMs: settings.pollMs,
      giveUp: () => !this.lease.isValid(),
    });
    this.ports = {
      clock,
      random: settings.random,
      observer: settings.observer,
      holdMs: settings.holdMs,
      entryBytesMax: settings.entryBytesMax,
      orphanClaimsMax: settings.orphanClaimsMax,
      storeNow: () => this.lease.storeNow(),
      isValid: () => this.lease.isValid(),
      append: (row) => appends.add(row),
      load: async (id) => (await store.load([id]))[0] ?? null,
      onFailed,
      onEnd: (loop, end) => this.ended(loop, end),
    };
  }

  async open(): Promise<void> {
    await this.lease.renew();
    this.claimer.wake();
  }

  has(id: string): boolean {
    return this.loops.has(id);
  }

  /** Takes room for a run that is about to be created; `null` when there is none, or no lease. */
  reserve(): string | null {
    if (this.stopped || !this.lease.isValid() || this.room() <= 0) return null;
    this.starting++;
    return this.lease.worker;
  }

  unreserve(): void {
    this.starting--;
  }

  /** Goes on with a run that belongs to `worker`, if that is still the incarnation of this worker. */
  take(worker: string, definition: Definition, state: RunState, mail: readonly StoredMail[]): void {
    if (this.stopped || this.lease.worker !== worker || !this.lease.isValid()) return;
    this.loops.get(state.id)?.drop('claimed again');
    const loop = new RunLoop(this.ports, definition, state, mail);
    this.loops.set(state.id, loop);
    loop.start();
  }

  /** These runs changed; null: some. */
  hint(runs: readonly string[] | null): void {
    let mine = runs === null;
    let other = runs === null;
    for (const id of runs ?? []) {
      const loop = this.loops.get(id);
      if (loop === undefined) other = true;
      else if (!loop.isLeaving) mine = true;
    }
    if (mine) void this.lease.renew();
    if (other) this.claimer.wake();
  }

  /** Stops in order: what is under way gets `graceMs`, the rest is handed to other workers. */
  async close(graceMs: number): Promise<void> {
    const { clock, store } = this.options.settings;
    this.stopped = true;
    this.claimer.stop();
    for (const loop of [...this.loops.values()]) loop.drain();
    if (this.loops.size > 0 && graceMs > 0) {
      await new Promise<void>((resolve) => {
        const cancel = clock.schedule(resolve, graceMs);
        this.onIdle = () => {
          cancel();
          resolve();
        };
      });
    }
    this.dropAll('the worker closes');
    this.lease.stop();
    // A store that is gone needs no farewell: the lease runs out.
    await store.retire(this.lease.worker).catch(() => undefined);
  }

  /** Stops at once: the store is closed, or what it holds is not known. */
  fail(): void {
    this.stopped = true;
    this.claimer.stop();
    this.lease.stop();
    this.dropAll('the store failed');
  }

  private room(): number {
    return this.options.settings.activeMax - this.loops.size - this.starting;
  }

  private claimed(run: StoredRun, worker: string): void {
    const { kinds, observer } = this.options.settings;
    const definition = kinds.get(run.kind);
    if (definition === undefined) return;
    observer.tell({ type: 'claimed', runId: run.id, entries: run.entries.length });
    let state: RunState;
    try {
      state = fold(run.id, decodeRun(run).entries);
    } catch (error) {
      // One damaged journal must not stop the others; it stays owned, listed and untouched.
      observer.tell({ type: 'stuck', runId: run.id, message: String(error) });
      return;
    }
    this.take(worker, definition, state, run.mail);
  }

  private deliver(mail: readonly StoredMail[]): void {
    const byRun = new Map<string, StoredMail[]>();
    for (const m of mail) {
      const list = byRun.get(m.run);
      if (list === undefined) byRun.set(m.run, [m]);
      else list.push(m);
    }
    for (const [id, list] of byRun) this.loops.get(id)?.deliver(list);
  }

  private dropAll(why: string): void {
    for (const loop of [...this.loops.values()]) loop.drop(why);
  }

  private ended(loop: RunLoop, end: LoopEnd): void {
    const wasFull = this.room() <= 0;
    if (this.loops.get(loop.id) === loop) this.loops.delete(loop.id);
    this.options.onChange(loop.id, end === 'settled' ? loop.state : null);
    if (this.loops.size === 0) this.onIdle?.();
    // A run given back, or stuck, may be due soon, or at once because of mail.
    const mayBeDue = end === 'released' || loop.state.phase === 'stuck';
    if (wasFull || (mayBeDue && end !== 'dropped')) this.claimer.wake();
  }
}

/** By id: stores that lock rows lock them in one order. Answers in the order of `rows`. */
async function appendInOrder(settings: Settings, rows: readonly Append[]): Promise<readonly Appended[]> {
  if (rows.length === 1) return settings.store.append(rows);
  const order = rows.map((_, i) => i).sort((a, b) => (rows[a]!.run < rows[b]!.run ? -1 : 1));
  const answers = await settings.store.append(order.map((i) => rows[i]!));
  const sorted: Appended[] = [];
  order.forEach((at, i) => (sorted[at] = answers[i]!));
  return sorted;
}
