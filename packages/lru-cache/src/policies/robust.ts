/**
 * `robust`: as good as the policy that suits the traffic, and never much worse than LRU.
 *
 * Every policy that beats LRU somewhere loses to it elsewhere, and traffic changes. So this one runs three rules (LRU, ARC and
 * one that resists thrashing, see `robust-queues.ts`) in miniature on a sample of the keys, and lets the cache follow the one
 * that serves best (`robust-judge.ts`). A fourth miniature follows with it, to measure what following costs. Choosing by
 * miniature simulation: Waldspurger et al., USENIX ATC 2017; for the window of W-TinyLFU: Einziger et al., Middleware 2018.
 * A duel of a policy with one that resists thrashing: Qureshi et al., ISCA 2007.
 *
 * Where we depart: what is chosen is not a parameter but a rule over queues that are the same for all, so the cache changes
 * sides between two requests and has nothing to unlearn; back under LRU it holds exactly what an LRU cache holds as soon as as
 * many different keys were used as it has entries. No frequencies are counted: a sketch is right about what is popular and late
 * about what no longer is, and that is where frequency policies lose.
 *
 * Cost: O(1); 16 bytes an entry (links, last use, ghosts). A sampled request costs four miniature look-ups besides; as some 256
 * keys are held in each, that is one request in 400 at 100,000 entries, but every one up to 256 entries (with three, since
 * the cache is then its own miniature), and a request takes several times as long there as under plain LRU.
 */
import type { Policy, PolicyHost } from '../types.ts';
import { attachOnce } from './attach.ts';
import { Judge, PERIODS_PER_FILL } from './robust-judge.ts';
import { ARC, LRU, Queues, STUBBORN } from './robust-queues.ts';
import { Shadow } from './robust-shadow.ts';

/** Entries of a miniature; with fewer, noise decides (ATC 2017 finds some hundreds enough). */
const MINIATURE = 256;
const SHORTEST_PERIOD = 8;
const RULES = [LRU, ARC, STUBBORN] as const;
const FOLLOWER = RULES.length;

class Robust implements Policy {
  readonly name = 'robust';
  readonly needsMax = true;
  private host: PolicyHost | undefined;
  private readonly queues: Queues = new Queues(LRU, (slot) => (this.host as PolicyHost).hashOf(slot));
  private max = 1;
  /** Keys whose remixed hash is below this are sampled. */
  private sampledBelow = 0;
  private shadows: readonly Shadow[] = [];
  /** The miniature that does as the cache does; none where the cache is as small as a miniature. */
  private follower: Shadow | undefined;
  private readonly hits: Int32Array = new Int32Array(RULES.length + 1);
  private judge: Judge = new Judge(RULES.length);
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
    this.shadows = RULES.map((rule) => new Shadow(rule, capacity));
    this.follower = capacity < max ? new Shadow(LRU, capacity) : undefined;
    this.period = Math.max(SHORTEST_PERIOD, capacity / PERIODS_PER_FILL);
    this.judge = new Judge(RULES.length);
    this.hits.fill(0);
    this.heard = 0;
    this.queues.resize(max);
    this.queues.follow(LRU, 0);
  }

  insert(slot: number, hash: number): void {
    const sampled = remixed(hash) < this.sampledBelow;
    if (sampled) this.rehearse(hash, 0);
    this.queues.insert(slot, hash, sampled);
  }

  hit(slot: number): void {
    if (this.queues.hit(slot)) this.rehearse((this.host as PolicyHost).hashOf(slot), 1);
  }

  remove(slot: number): void {
    this.queues.remove(slot);
  }

  evict(_incomingHash: number): number {
    return this.queues.evict();
  }

  /** `hit`: 1 if the cache itself had the key. */
  private rehearse(hash: number, hit: 0 | 1): void {
    const { shadows, hits, follower } = this;
    for (let rule = 0; rule < FOLLOWER; rule++) (hits[rule] as number) += (shadows[rule] as Shadow).use(hash);
    (hits[FOLLOWER] as number) += follower === undefined ? hit : follower.use(hash);
    if (++this.heard >= this.period) this.follow();
  }

  private follow(): void {
    const { judge, queues, follower } = this;
    judge.hear(this.heard, this.hits);
    this.hits.fill(0);
    this.heard = 0;
    if (judge.choice === queues.rule) return;
    // Under another rule the ghosts moved the target by regrets that ARC would not have had: take what it would aim at.
    const { target, max } = (this.shadows[ARC] as Shadow).queues;
    queues.follow(judge.choice, (target / max) * this.max);
    follower?.queues.follow(judge.choice, target);
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
