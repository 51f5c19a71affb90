/**
 * `robust`: as good as the policy that suits the traffic, and never much worse than LRU.
 *
 * Every policy that beats LRU somewhere loses to it elsewhere, and traffic changes. So this one runs three rules (LRU, ARC and
 * one that resists thrashing, see `robust-queues.ts`) in miniature on a sample of the keys, and lets the cache itself follow
 * the one that has had most hits lately, LRU unless another one is clearly ahead. Choosing by miniature simulation: Waldspurger
 * et al., USENIX ATC 2017; for the window of W-TinyLFU: Einziger et al., Middleware 2018. Duels between a policy and its
 * opposite: Qureshi et al., ISCA 2007.
 *
 * Where we depart: what is chosen is not a parameter but a rule over queues that are the same for all, so the cache changes
 * sides between two requests and has nothing to unlearn; under LRU it holds, within as many uses as it has entries, exactly
 * what an LRU cache holds. No frequencies are counted: a sketch is right about what is popular and late about what no longer
 * is, and that is where frequency policies lose.
 *
 * Cost: O(1); 16 bytes an entry (links, last use, ghosts). A sampled request also costs three miniature look-ups: about 256 keys
 * are held in each, so at 100,000 entries that is one request in 400, but below 256 entries it is every one, and a hit then
 * takes several times as long as under plain LRU.
 */
import type { Policy, PolicyHost } from '../types.ts';
import { attachOnce } from './attach.ts';
import { Judge } from './robust-judge.ts';
import { ARC, LRU, Queues, STUBBORN } from './robust-queues.ts';
import { Shadow } from './robust-shadow.ts';

/** Entries of a miniature; with fewer, noise decides (ATC 2017 finds some hundreds enough). */
const MINIATURE = 256;
/** Sampled requests between two judgements: an eighth of the miniature, so the scores speak of twice its size. */
const JUDGEMENTS_PER_FILL = 8;
const SHORTEST_PERIOD = 8;

class Robust implements Policy {
  readonly name = 'robust';
  readonly needsMax = true;
  private host: PolicyHost | undefined;
  private readonly queues: Queues = new Queues(LRU, (slot) => (this.host as PolicyHost).hashOf(slot));
  private max = 1;
  /** Keys whose remixed hash is below this are sampled. */
  private sampledBelow = 0;
  private shadows: readonly Shadow[] = [];
  private readonly hits: Int32Array = new Int32Array(3);
  private judge: Judge = new Judge(3);
  private heard = 0;
  private period = 1;

  attach(host: PolicyHost): void {
    this.host = attachOnce(this.name, this.host, host);
    this.resize(host.max);
  }

  grow(slots: number): void {
    this.queues.grow(slots);
  }

  reset(): void {
    this.queues.clear();
    this.resize(this.max);
  }

  /** Starts anew with LRU: what was learned was about another size. The entries stay in order of use. */
  resize(max: number): void {
    const capacity = Math.min(max, MINIATURE);
    this.max = max;
    this.sampledBelow = (capacity / max) * 2 ** 32;
    this.shadows = [LRU, ARC, STUBBORN].map((rule) => new Shadow(rule, capacity));
    this.period = Math.max(SHORTEST_PERIOD, capacity / JUDGEMENTS_PER_FILL);
    this.judge = new Judge(this.shadows.length);
    this.hits.fill(0);
    this.heard = 0;
    this.queues.rule = LRU;
    this.queues.resize(max);
  }

  insert(slot: number, hash: number): void {
    const sampled = remixed(hash) < this.sampledBelow;
    if (sampled) this.rehearse(hash);
    this.queues.insert(slot, hash, sampled);
  }

  hit(slot: number): void {
    if (this.queues.hit(slot)) this.rehearse((this.host as PolicyHost).hashOf(slot));
  }

  remove(slot: number): void {
    this.queues.remove(slot);
  }

  evict(_incomingHash: number): number {
    return this.queues.evict();
  }

  private rehearse(hash: number): void {
    const { shadows, hits } = this;
    for (let rule = 0; rule < shadows.length; rule++) (hits[rule] as number) += (shadows[rule] as Shadow).use(hash);
    if (++this.heard >= this.period) this.follow();
  }

  private follow(): void {
    const { judge, queues } = this;
    judge.hear(this.heard, this.hits);
    this.hits.fill(0);
    this.heard = 0;
    if (judge.choice === queues.rule) return;
    queues.rule = judge.choice;
    // Under another rule the cache's own ghosts moved the target by regrets that ARC would not have had.
    const { queues: rehearsed } = this.shadows[ARC] as Shadow;
    queues.target = (rehearsed.target * this.max) / Math.min(this.max, MINIATURE);
  }
}

/** Sampling must not depend on the bits that a table goes by. */
function remixed(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

/** Adapts between LRU, ARC and a rule that resists thrashing. Needs `max`. */
export function robust(): Policy {
  return new Robust();
}
