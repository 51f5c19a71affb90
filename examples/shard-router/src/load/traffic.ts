/**
 * The clients: requests at a steady pace, a bound on those under way, and the checker told of each.
 *
 * The pace does not wait for answers (an open loop): a slot that is closed for a second shows as a second, and not as
 * fewer requests. Beyond `inFlightMax` a request is not made; while no router is there, none is.
 *
 * Beside the clients there are probes: requests for rows that are just being moved, where a mistake would happen. They
 * are judged like all others, and have a pace and a bound of their own; their latencies are nobody's experience. They
 * go on when nothing moves, for any row, so that the load is the same before and after.
 *
 * Latencies are recorded twice: of the last two seconds for the page, and into `sample`, when set, those that count.
 */
import type { WireAnswer, WireRequest } from '../processes/messages.ts';
import type { Checker, PendingWrite, Read } from './checker.ts';
import { Histogram } from './histogram.ts';
import { valueOf, versionOf, type Request, type Workload } from './workload.ts';

interface Open {
  readonly isProbe: boolean;
  readonly kind: WireRequest['kind'];
  readonly key: string;
  readonly startMs: number;
  readonly pending: PendingWrite | Read;
}

export interface TrafficOptions {
  readonly checker: Checker;
  readonly workload: Workload;
  /** A request for a row that is being moved, or for any when none is. */
  readonly probe: () => Request;
  /** Of clients; there are `probeShare` times as many probes. */
  readonly perSecond: number;
  readonly inFlightMax: number;
  /** False when nobody is there to take them. */
  readonly send: (requests: readonly WireRequest[]) => boolean;
  readonly onRequest: (key: string) => void;
  /** Whether a latency that began then and ends now counts in a sample. */
  readonly counts: (startMs: number) => boolean;
}

const probeShare = 0.3;
const probesInFlightMax = 64;
const tickMs = 4;
const recentMs = 2000;

export class Traffic {
  readonly counts = { reads: 0, writes: 0, deletes: 0 };
  /** Requests without an answer: nobody knows, or the slot stayed closed. */
  unanswered = 0;
  sample: Histogram | undefined;
  readonly #options: TrafficOptions;
  readonly #open = new Map<number, Open>();
  readonly #recent = new Histogram();
  #recentP99Ms: number | null = null;
  #recentSinceMs = 0;
  #perSecond = 0;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #clients: Pace;
  readonly #probes: Pace;
  #probesInFlight = 0;
  #onDrained: (() => void) | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#clients = new Pace(options.perSecond);
    this.#probes = new Pace(options.perSecond * probeShare);
  }

  get recentP99Ms(): number | null {
    return this.#recentP99Ms;
  }

  /** Answers a second. */
  get perSecond(): number {
    return this.#perSecond;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    for (const pace of [this.#clients, this.#probes]) pace.restart(performance.now());
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.cancel();
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#onDrained = resolve));
  }

  /** Stops at once; what is under way stays so. */
  cancel(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Reads every key and lets the checker judge; the number of keys that were answered. */
  async readAll(keys: readonly string[]): Promise<number> {
    const before = this.counts.reads;
    for (let i = 0; i < keys.length; i += this.#options.inFlightMax) {
      this.#send(keys.slice(i, i + this.#options.inFlightMax).map((key) => this.#begin({ kind: 'get', key }, false)));
      if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#onDrained = resolve));
    }
    return this.counts.reads - before;
  }

  answers(answers: readonly WireAnswer[]): void {
    const now = performance.now();
    for (const answer of answers) {
      const open = this.#open.get(answer.n);
      if (open === undefined) continue;
      this.#open.delete(answer.n);
      if (open.isProbe) this.#probesInFlight--;
      this.#end(open, answer);
      if (answer.outcome !== 'ok' || open.isProbe) continue;
      this.#recent.record(now - open.startMs);
      if (this.#options.counts(open.startMs)) this.sample?.record(now - open.startMs);
    }
    this.#drained();
  }

  /** The router is dead: the outcome of what was under way is unknown. Returns the writes among it. */
  abandon(): PendingWrite[] {
    const writes: PendingWrite[] = [];
    for (const { kind, pending } of this.#open.values()) {
      if (kind === 'get') this.#options.checker.dropRead(pending as Read);
      else writes.push(pending as PendingWrite);
    }
    this.unanswered += this.#open.size;
    this.#open.clear();
    this.#probesInFlight = 0;
    this.#drained();
    return writes;
  }

  #tick(): void {
    const now = performance.now();
    this.#lookBack(now);
    const { workload, probe, inFlightMax } = this.#options;
    const requests: WireRequest[] = [];
    const room = inFlightMax - (this.#open.size - this.#probesInFlight);
    for (let i = this.#clients.due(now, room); i > 0; i--) requests.push(this.#begin(workload.next(), false));
    const probeRoom = probesInFlightMax - this.#probesInFlight;
    for (let i = this.#probes.due(now, probeRoom); i > 0; i--) requests.push(this.#begin(probe(), true));
    this.#send(requests);
  }

  #lookBack(now: number): void {
    const passedMs = now - this.#recentSinceMs;
    if (passedMs < recentMs) return;
    this.#perSecond = Math.round((this.#recent.total * 1000) / passedMs);
    this.#recentP99Ms = this.#recent.percentileMs(0.99);
    this.#recentSinceMs = now;
    this.#recent.clear();
  }

  #begin({ kind, key }: Request, isProbe: boolean): WireRequest {
    const { checker } = this.#options;
    const n = ++this.#last;
    const pending = kind === 'get' ? checker.beginRead(key) : checker.begin(kind, key);
    this.#open.set(n, { isProbe, kind, key, startMs: performance.now(), pending });
    if (isProbe) this.#probesInFlight++;
    this.#options.onRequest(key);
    return { n, kind, key, value: kind === 'set' ? valueOf(key, (pending as PendingWrite).version) : undefined };
  }

  #send(requests: readonly WireRequest[]): void {
    if (requests.length === 0 || this.#options.send(requests)) return;
    // They never left: no read, and no write that could take effect.
    for (const { n } of requests) {
      const { kind, pending, isProbe } = this.#open.get(n)!;
      if (isProbe) this.#probesInFlight--;
      if (kind === 'get') this.#options.checker.dropRead(pending as Read);
      else this.#options.checker.refuse(pending as PendingWrite);
      this.#open.delete(n);
    }
  }

  #end({ kind, key, pending }: Open, { outcome, value }: WireAnswer): void {
    const { checker } = this.#options;
    if (outcome !== 'ok') {
      this.unanswered++;
      if (kind === 'get') checker.dropRead(pending as Read);
      else if (outcome === 'fenced') checker.refuse(pending as PendingWrite);
    } else if (kind === 'get') {
      this.counts.reads++;
      checker.endRead(pending as Read, value === undefined ? undefined : versionOf(key, value));
    } else {
      this.counts[kind === 'set' ? 'writes' : 'deletes']++;
      checker.acknowledge(pending as PendingWrite);
    }
  }

  #drained(): void {
    if (this.#open.size > 0) return;
    this.#onDrained?.();
    this.#onDrained = undefined;
  }
}

/** How many are due at a steady pace. What is due beyond the room is given up, not saved for a burst. */
class Pace {
  readonly #perSecond: number;
  #sinceMs = 0;
  #due = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  restart(now: number): void {
    this.#sinceMs = now;
    this.#due = 0;
  }

  due(now: number, room: number): number {
    this.#due += ((now - this.#sinceMs) / 1000) * this.#perSecond;
    this.#sinceMs = now;
    const due = Math.floor(this.#due);
    this.#due -= due;
    return Math.min(due, Math.max(room, 0));
  }
}
