/**
 * Which rule has served best lately? Pure: counts in, a choice out.
 *
 * Hits of all rules are counted over the same requests and fade by a sixteenth at the end of each period, so that the scores
 * speak of the last sixteen or so. To be preferred, a rule must be ahead of LRU, and of the one in force, by half a percent
 * of those requests: less is noise, and being wrong costs more than being late. There is no margin the other way: as soon as
 * the rule in force is no longer ahead of LRU, LRU it is. That asymmetry is the promise not to fall behind it.
 */
import { LRU } from './robust-queues.ts';

const FADE = 15 / 16;
const MARGIN = 0.005;

export class Judge {
  choice: number = LRU;
  private readonly scores: number[];
  private requests = 0;

  constructor(rules: number) {
    this.scores = new Array<number>(rules).fill(0);
  }

  /** The end of a period of so many requests, with the hits of each rule in them. */
  hear(requests: number, hits: Int32Array): void {
    const { scores } = this;
    this.requests = FADE * this.requests + requests;
    let best = LRU;
    for (let rule = 0; rule < scores.length; rule++) {
      scores[rule] = FADE * (scores[rule] as number) + (hits[rule] as number);
      if ((scores[rule] as number) > (scores[best] as number)) best = rule;
    }
    if ((scores[this.choice] as number) <= (scores[LRU] as number)) this.choice = LRU;
    if ((scores[best] as number) > (scores[this.choice] as number) + MARGIN * this.requests) this.choice = best;
  }
}
