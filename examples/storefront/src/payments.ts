/**
 * The payment service: a ledger that books each idempotency key once, and misbehaves on command.
 *
 * The ways to fail are the ones that matter to a saga. `decline`: an answer, and it is no; nothing is booked. `down`:
 * no answer, nothing booked. `lose-answer`: the charge is booked and then the answer is lost, so the caller cannot
 * know; asked again with the same key, the ledger says what it did the first time. A refund of a key that was never
 * charged leaves a tombstone, and the charge that comes after it is refused: late requests do not resurrect.
 *
 * Invariant: charged - refunded is the money held, and each key has contributed to each side at most once.
 */
import { Journaled, type Machine } from './journaled.ts';
import type { PaymentMode } from './live-state.ts';

/** Entries kept; the oldest go first: ten times the orders that can be under way came after them. */
const entriesMax = 20_000;

export const paymentModes: readonly PaymentMode[] = ['ok', 'decline', 'lose-answer', 'down'];

export interface LedgerEntry {
  readonly cents: number;
  readonly refunded: boolean;
}

export interface Ledger {
  chargedCents: number;
  refundedCents: number;
  readonly entries: Map<string, LedgerEntry>;
}

export type LedgerEvent =
  | { readonly type: 'charged'; readonly key: string; readonly cents: number }
  | { readonly type: 'refunded'; readonly key: string };

export interface LedgerDump extends Omit<Ledger, 'entries'> {
  readonly entries: readonly (readonly [string, LedgerEntry])[];
}

export const ledgerMachine: Machine<Ledger, LedgerEvent> = {
  initial: () => ({ chargedCents: 0, refundedCents: 0, entries: new Map() }),
  apply: (ledger, event) => {
    if (event.type === 'charged') {
      ledger.chargedCents += event.cents;
      ledger.entries.set(event.key, { cents: event.cents, refunded: false });
    } else {
      const cents = ledger.entries.get(event.key)?.cents ?? 0;
      ledger.refundedCents += cents;
      ledger.entries.set(event.key, { cents, refunded: true });
    }
    for (const oldest of ledger.entries.keys()) {
      if (ledger.entries.size <= entriesMax) break;
      ledger.entries.delete(oldest);
    }
  },
  dump: (ledger): LedgerDump => ({ ...ledger, entries: [...ledger.entries] }),
  restore: (dumped: LedgerDump) => ({ ...dumped, entries: new Map(dumped.entries) }),
};

export type ChargeAnswer = 'charged' | 'declined' | 'already-refunded';

export class Payments {
  mode: PaymentMode = 'ok';
  readonly #ledger: Journaled<Ledger, LedgerEvent>;

  private constructor(ledger: Journaled<Ledger, LedgerEvent>) {
    this.#ledger = ledger;
  }

  /** `onFailure` hears that a booking could not be stored: the ledger has stopped and the process should end. */
  static async open(dir: string, onFailure?: (error: Error) => void): Promise<Payments> {
    return new Payments(await Journaled.open(dir, ledgerMachine, { onFailure }));
  }

  get chargedCents(): number {
    return this.#ledger.state.chargedCents;
  }

  get refundedCents(): number {
    return this.#ledger.state.refundedCents;
  }

  /** What this key holds at the moment. For the books. */
  heldCents(key: string): number {
    const entry = this.#ledger.state.entries.get(key);
    return entry === undefined || entry.refunded ? 0 : entry.cents;
  }

  /** Books a charge once. Rejects when there is no answer, which says nothing about whether it was booked. */
  async charge(key: string, cents: number): Promise<ChargeAnswer> {
    const { mode } = this;
    if (mode === 'down') throw new Error('the payment service does not answer');
    const entry = this.#ledger.state.entries.get(key);
    if (entry !== undefined) {
      // It may have been booked a moment ago, by an attempt that still waits for the disk.
      await this.#ledger.record([]);
      return entry.refunded ? 'already-refunded' : 'charged';
    }
    if (mode === 'decline') return 'declined';
    await this.#ledger.record([{ type: 'charged', key, cents }]);
    if (mode === 'lose-answer') throw new Error('the connection to the payment service broke before its answer came');
    return 'charged';
  }

  /** Gives back what the key holds, if anything. Rejects when there is no answer. */
  async refund(key: string): Promise<void> {
    if (this.mode === 'down') throw new Error('the payment service does not answer');
    const isRefunded = this.#ledger.state.entries.get(key)?.refunded === true;
    await this.#ledger.record(isRefunded ? [] : [{ type: 'refunded', key }]);
  }

  async close(): Promise<void> {
    await this.#ledger.close();
  }
}
