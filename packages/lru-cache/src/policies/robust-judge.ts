/**
 * Which rule shall the cache follow? Pure: hits in, a choice out.
 *
 * Hits of all rules are counted over the same requests, in two sums that fade: `recent` speaks of the last two fillings of the
 * cache, `lasting` of the last eight. The cache itself, which follows, is counted like a rule, because following has a price:
 * whoever changes sides holds the other side's entries, and must fetch part of its own anew. Hence three conditions.
 *
 * - Another rule takes over when it has recently had more hits than the one in force by half a percent of the requests (less
 *   is noise), and lastingly more than LRU by a twentieth of a filling (what changing sides costs) and by more than what
 *   following has lost against LRU so far. Traffic may favour each rule just long enough to be believed and then turn, again
 *   and again; who has lost by trusting must be shown a larger lead the next time.
 * - LRU takes over, without any margin, when the rule in force is recently not ahead of it.
 * - LRU takes over at once when the follower has fallen behind it by a fiftieth of a filling since it was last ahead (the
 *   CUSUM test of Page, Biometrika 41, 1954), however far ahead it was before. `recent` then is void for all.
 */
import { LRU } from './robust-queues.ts';

/** Periods in which the cache is filled once, for the sums to speak of what is said above. */
export const PERIODS_PER_FILL = 16;

const RECENT = 31 / 32;
const LASTING = 127 / 128;
const MARGIN = 0.005;
const PRICE = 0.05;
const STOP_LOSS = 0.02;

export class Judge {
  choice: number = LRU;
  declare private readonly rules: number;
  declare private readonly recent: Float64Array;
  declare private readonly lasting: Float64Array;
  /** Requests that `recent` speaks of. */
  private requests = 0;
  /** Hits by which the follower is behind LRU since it was last ahead. */
  private behind = 0;

  constructor(rules: number) {
    this.rules = rules;
    this.recent = new Float64Array(rules + 1);
    this.lasting = new Float64Array(rules + 1);
  }

  /** The end of a period of so many requests, with the hits of each rule in them, and last those of the follower. */
  hear(requests: number, hits: Int32Array): void {
    const { rules, recent, lasting } = this;
    const fill = PERIODS_PER_FILL * requests;
    this.requests = RECENT * this.requests + requests;
    for (let rule = 0; rule <= rules; rule++) {
      recent[rule] = RECENT * (recent[rule] as number) + (hits[rule] as number);
      lasting[rule] = LASTING * (lasting[rule] as number) + (hits[rule] as number);
    }
    const lost = (hits[LRU] as number) - (hits[rules] as number);
    this.behind = this.choice === LRU ? 0 : Math.max(0, this.behind + lost);
    if (this.behind > STOP_LOSS * fill) {
      recent.fill(recent[LRU] as number);
      this.choice = LRU;
    } else {
      this.choice = this.prefer(PRICE * fill);
    }
  }

  private prefer(price: number): number {
    const { recent, lasting, rules } = this;
    const lru = lasting[LRU] as number;
    const required = Math.max(price, lru - (lasting[rules] as number));
    let best = LRU;
    for (let rule = 0; rule < rules; rule++) {
      const lead = (lasting[rule] as number) - lru;
      if (lead > required && (recent[rule] as number) > (recent[best] as number)) best = rule;
    }
    const stay = (recent[this.choice] as number) > (recent[LRU] as number) ? this.choice : LRU;
    return (recent[best] as number) > (recent[stay] as number) + MARGIN * this.requests ? best : stay;
  }
}
