/**
 * Leases: units taken from the store ahead, and spent here without asking.
 *
 * For a hot key, one call in `units` goes to the store. The store has charged every unit before it is spent, so the sum
 * never exceeds the limits; but it is spent up to `maxAgeMs` later, so in any window up to `units` per process may come
 * on top. What is unspent when a lease ends is lost, not refunded: the time in which it could have drained has passed.
 *
 * Callers that come while a lease is being asked for, with the same cost, get a seat in it instead of asking on their
 * own, as long as `units` would suffice. A grant smaller than that means that the store has nothing left: those without
 * a seat are refused by the same reply, which was given after they came.
 *
 * Invariants: a lease in the map has units left or is the newest of its key; leases are in the order of their end, so
 * those at the front go first when there are too many; at most LEASES_MAX.
 */
import type { Receipt } from './decision.ts';
import type { Clock } from './environment.ts';
import type { AsyncOutcome } from './store.ts';
import type { Outcome } from './transition.ts';

const LEASES_MAX = 65_536;

/** Units of one key, until a time. */
export interface Lease extends Receipt {
  readonly grant: AsyncOutcome;
  readonly sentMs: number;
  left: number;
}

/** A lease being asked for. */
export interface Claim {
  readonly cost: number;
  readonly sentMs: number;
  /** Callers besides the one that asks. */
  joined: number;
  /** Undefined: the store did not answer. */
  readonly answer: Promise<Grant | undefined>;
  readonly settle: (grant: Grant | undefined) => void;
}

export interface Grant {
  readonly out: AsyncOutcome;
  readonly lease: Lease | undefined;
  /** How many of those who joined are served; the units are set aside. */
  readonly seats: number;
}

export class Leases {
  readonly units: number;
  private readonly maxAgeMs: number;
  private readonly owner: object;
  private readonly clock: Clock;
  private readonly leases = new Map<string, Lease>();
  private readonly claims = new Map<string, Claim>();

  constructor(options: { units: number; maxAgeMs: number }, owner: object, clock: Clock) {
    this.units = options.units;
    this.maxAgeMs = options.maxAgeMs;
    this.owner = owner;
    this.clock = clock;
  }

  get size(): number {
    return this.leases.size;
  }

  /** The key's lease, if `cost` can be spent from it. O(1). */
  find(key: string, cost: number): Lease | undefined {
    const lease = this.leases.get(key);
    if (lease === undefined) return undefined;
    if (!this.isValid(lease)) {
      this.leases.delete(key);
      return undefined;
    }
    return lease.left >= cost ? lease : undefined;
  }

  /** Gives units back to the lease they came from, if it can still be spent. */
  giveBack(lease: Lease, key: string, cost: number): void {
    if (this.leases.get(key) === lease && this.isValid(lease)) lease.left += cost;
  }

  /** Nothing taken before now is spent any more, be it held or under way. */
  drop(key: string): void {
    this.leases.delete(key);
    this.claims.delete(key);
  }

  /** A place in the claim under way, counted from 0; undefined: ask on your own. */
  join(key: string, cost: number): { readonly claim: Claim; readonly seat: number } | undefined {
    const claim = this.claims.get(key);
    if (claim?.cost !== cost || (claim.joined + 2) * cost > this.units) return undefined;
    return { claim, seat: claim.joined++ };
  }

  /** Begins to ask for a lease; undefined: one is being asked for, or `cost` would leave nothing to spend. */
  claim(key: string, cost: number): Claim | undefined {
    if (cost >= this.units || this.claims.has(key)) return undefined;
    let settle!: Claim['settle'];
    const answer = new Promise<Grant | undefined>((resolve) => {
      settle = resolve;
    });
    const claim: Claim = { cost, sentMs: this.clock(), joined: 0, answer, settle };
    this.claims.set(key, claim);
    return claim;
  }

  /** The store answered the claim, or did not: seats are given out, and what is left can be spent. */
  settle(key: string, claim: Claim, out: AsyncOutcome | undefined): void {
    const current = this.claims.get(key) === claim;
    if (current) this.claims.delete(key);
    if (out === undefined) {
      claim.settle(undefined);
      return;
    }
    const rest = out.charged - claim.cost;
    const lease: Lease | undefined =
      out.ok && rest > 0 ? { owner: this.owner, grant: out, sentMs: claim.sentMs, left: rest } : undefined;
    const seats = lease === undefined ? 0 : Math.min(claim.joined, Math.floor(rest / claim.cost));
    if (lease !== undefined) {
      lease.left -= seats * claim.cost;
      if (current) this.keep(key, lease);
    }
    claim.settle({ out, lease, seats });
  }

  /** What a caller that spends from the lease is told: the waits as of the grant, less the time since. */
  describe({ grant, sentMs, left }: Lease, cost: number): Outcome {
    const sinceMs = Math.max(0, Math.floor(this.clock() - sentMs));
    const { index, startMs } = grant;
    const retryAfterMs = left >= cost ? 0 : Math.max(0, grant.retryAfterMs - sinceMs);
    const resetAfterMs = Math.max(0, grant.resetAfterMs - sinceMs);
    return { ok: true, index, remaining: left, retryAfterMs, resetAfterMs, startMs, charged: cost };
  }

  private isValid({ sentMs }: Lease): boolean {
    return this.clock() - sentMs < this.maxAgeMs;
  }

  private keep(key: string, lease: Lease): void {
    this.leases.delete(key);
    for (const [oldest, { sentMs }] of this.leases) {
      if (this.leases.size < LEASES_MAX && this.clock() - sentMs < this.maxAgeMs) break;
      this.leases.delete(oldest);
    }
    this.leases.set(key, lease);
  }
}
