/**
 * A deterministic network: every call is a message, and a seeded dice decides which message moves next.
 *
 * A call takes effect when its request arrives and is over when its reply does; anything may happen in between. Requests
 * and replies get lost, and requests arrive after the caller has given them up. A process pauses and sees nothing until
 * it wakes, believing what it believed; or it dies at any reply, and what it had sent still arrives. Time is the number
 * of messages that moved, so a whole schedule is a function of its seed.
 */
export interface Process {
  readonly name: string;
  alive: boolean;
  pausedUntil: number;
}

interface Message {
  /** Who has to be awake to take it; a request needs nobody. */
  readonly to: Process | undefined;
  readonly readyAt: number;
  readonly arrive: () => void;
}

export interface Faults {
  /** Of a call: request or reply lost, or given up too early. */
  readonly loss: number;
  /** Of a process, at each reply. */
  readonly crash: number;
  readonly pause: number;
  readonly pauseMax: number;
}

export const NO_FAULTS: Faults = { loss: 0, crash: 0, pause: 0, pauseMax: 0 };

/** mulberry32: enough for a dice. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many turns of the microtask queue a process gets to react to a reply: fixed, so that schedules repeat. */
const TURNS = 8;

export class Network {
  now = 0;
  faults: Faults = NO_FAULTS;
  readonly random: () => number;
  private readonly messages: Message[] = [];
  private readonly onCrash: (process: Process) => void;

  constructor(seed: number, onCrash: (process: Process) => void) {
    this.random = dice(seed);
    this.onCrash = onCrash;
  }

  /** Nobody waits for anything. */
  get isSilent(): boolean {
    return this.messages.length === 0;
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  /** A call from a process to somewhere else. */
  call<R>(from: Process, effect: () => Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      if (!from.alive) return;
      const fail = (why: string): void => this.send(from, () => reject(new Error(why)));
      const fate = this.chance(this.faults.loss) ? this.below(3) : -1;
      if (fate < 2 && fate >= 0) fail(fate === 0 ? 'request lost' : 'given up');
      if (fate === 0) return;
      const late = fate === 1 ? this.below(this.faults.pauseMax) : 0;
      const arrive = (): void => {
        const outcome = effect();
        outcome.then(
          (value) => {
            if (fate < 0) this.send(from, () => resolve(value));
            else if (fate === 2) fail('reply lost');
          },
          (error: unknown) => fail(String(error)),
        );
      };
      this.send(undefined, arrive, late);
    });
  }

  sleep(process: Process, ms: number): Promise<void> {
    return new Promise((resolve) => this.send(process, resolve, ms));
  }

  private send(to: Process | undefined, arrive: () => void, delay = 0): void {
    this.messages.push({ to, arrive, readyAt: this.now + delay });
  }

  /** Moves messages until there is nothing left to wait for. */
  async until(isDone: () => boolean, stepsMax: number): Promise<void> {
    for (let idle = 0; !isDone();) {
      if (this.now++ > stepsMax || idle > 1000) throw new Error(`stuck: ${String(this.messages.length)} messages left`);
      const message = this.pick();
      idle = message === undefined ? idle + 1 : 0;
      if (message !== undefined) this.deliver(message);
      for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
    }
  }

  private pick(): Message | undefined {
    const { messages } = this;
    // A few throws of the dice find one that is ready, if many are.
    for (let i = 0; i < 8 && messages.length > 0; i++) {
      const at = this.below(messages.length);
      const message = messages[at]!;
      if (message.readyAt > this.now || (message.to?.pausedUntil ?? 0) > this.now) continue;
      messages[at] = messages.at(-1)!;
      messages.pop();
      return message;
    }
    return undefined;
  }

  private deliver({ to, arrive }: Message): void {
    if (to?.alive === false) return;
    if (to !== undefined && this.chance(this.faults.crash)) {
      to.alive = false;
      this.onCrash(to);
      return;
    }
    if (to !== undefined && this.chance(this.faults.pause))
      to.pausedUntil = this.now + 1 + this.below(this.faults.pauseMax);
    arrive();
  }
}
