/**
 * BusWatch: whether this process hears all that is said on the bus. No clock and no I/O: times come in, verdicts go out.
 *
 * Silence on a bus means either that nothing changes or that the bus is cut, and a half-open connection may stay silent
 * for minutes. Three observations tell them apart:
 *
 * - **Own beats.** Each process sends itself a beat every `heartbeatMs`. One that returns proves that all that was said
 *   before it was *sent* has been heard: that moment is the horizon. A horizon `2·heartbeatMs` old means down. It is
 *   compared at each read and not by a timer, so that a process that was stopped for a minute knows at its first read.
 * - **Gaps.** Every sender numbers its messages from 1. A number that skips one, or a stranger's that is not 1, means
 *   that something was lost, or will come later: everything held may be out of date.
 * - **Silent peers.** A peer whose beat is overdue by `2·heartbeatMs` and who has not said good-bye may have said things
 *   that got lost with him. A gap will never tell, so this must. From then on he counts as dead; a bus that takes his
 *   messages, delivers ours to us, and goes on losing all of his to us, makes a live sender look like that.
 *
 * Each ends in one of two answers: `up()` false while it is unknown what is missed, so that the cache may use only what
 * it has read a moment ago; and "empty", once, when something was missed that nobody will repeat.
 * Invariant: between two "empty" answers, while up, no message sent before the horizon is missing unnoticed.
 */
import type { Invalidation } from './remote-tier.ts';

interface Peer {
  readonly seq: number;
  readonly heardAt: number;
  /** Already counted as silent. Kept for his number: when he speaks again without a gap, nothing was lost. */
  readonly silent: boolean;
}

/** More are forgotten, those heard least recently first. */
const peersMax = 10_000;

export class BusWatch {
  declare private readonly self: string;
  declare private readonly patienceMs: number;
  private readonly peers = new Map<string, Peer>();
  /** No peer is overdue before. */
  private nextOverdue = Infinity;
  private sent = 0;
  private returned = 0;
  /** Own beats under way, oldest first. */
  private beats: { readonly seq: number; readonly at: number }[] = [];
  private horizon = -Infinity;
  private linked = true;

  constructor(self: string, heartbeatMs: number) {
    this.self = self;
    this.patienceMs = 2 * heartbeatMs;
  }

  /** The number of the next own message. It is used up even if the message cannot be sent: then the gap tells. */
  number(beat: boolean, now: number): number {
    this.sent++;
    if (beat) {
      // Older ones no longer prove anything.
      this.beats = this.beats.filter(({ at }) => now - at < this.patienceMs);
      this.beats.push({ seq: this.sent, at: now });
    }
    return this.sent;
  }

  /** What the bus knows of its connection. Up again is only what the next own beat proves. */
  link(up: boolean): void {
    this.linked = up;
    if (!up) {
      this.horizon = -Infinity;
      this.beats = [];
    }
  }

  up(now: number): boolean {
    return this.linked && now - this.horizon < this.patienceMs;
  }

  /** Notes a message. True = the cache must be emptied. */
  heard(message: Invalidation, now: number): boolean {
    const { sender, seq } = message;
    if (seq === 0) return false;
    if (sender === this.self) return this.back(seq, now);
    const last = this.peers.get(sender)?.seq ?? 0;
    this.peers.delete(sender);
    if ('bye' in message) return seq > last + 1;
    this.peers.set(sender, { seq: Math.max(seq, last), heardAt: now, silent: false });
    this.nextOverdue = Math.min(this.nextOverdue, now + this.patienceMs);
    return seq > last + 1 || this.forget();
  }

  /** True, once for each, when a peer has fallen silent: the cache must be emptied. */
  overdue(now: number): boolean {
    if (now < this.nextOverdue) return false;
    let any = false;
    this.nextOverdue = Infinity;
    for (const [sender, peer] of this.peers) {
      if (peer.silent) continue;
      const at = peer.heardAt + this.patienceMs;
      if (now < at) {
        this.nextOverdue = Math.min(this.nextOverdue, at);
      } else {
        any = true;
        this.peers.set(sender, { ...peer, silent: true });
      }
    }
    return any;
  }

  /** An own message has come back. */
  private back(seq: number, now: number): boolean {
    const lost = seq > this.returned + 1;
    this.returned = Math.max(this.returned, seq);
    const beat = this.beats.find((sent) => sent.seq === seq);
    if (beat === undefined) return lost;
    this.beats = this.beats.filter((sent) => sent.seq > seq);
    const wasDown = !this.up(now);
    this.horizon = Math.max(this.horizon, beat.at);
    return lost || (wasDown && this.up(now));
  }

  /** Makes room. What a forgotten peer has said may have been lost; if he speaks again he is a stranger. */
  private forget(): boolean {
    if (this.peers.size <= peersMax) return false;
    for (const [sender, peer] of this.peers) {
      this.peers.delete(sender);
      return !peer.silent;
    }
    return false;
  }
}
