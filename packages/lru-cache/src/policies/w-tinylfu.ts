/**
 * W-TinyLFU: an entry stays if it was used more often lately than the one it would displace.
 *
 * G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM Transactions on Storage 13,
 * 2017, as in Caffeine: a small window in LRU order, a segmented main part, and between them a sketch of recent frequencies
 * as the judge. Best on traffic whose popularity is skewed and steady. On traffic that reads a key again soon or never, a
 * window of 1 % is a handful of entries and loses many points against LRU: see `robust` for a window that adapts.
 *
 * Where we depart: room is made before the newcomer is in the window, so the judgement falls when the window *would*
 * overflow; no doorkeeper (a filter for keys used once), because the sketch is four times as wide as the cache; a tie always evicts the
 * window's candidate, without Caffeine's random exceptions against crafted collisions.
 *
 * Cost: O(1); 8 bytes an entry for the links, 1 for the segment, 4 for the fingerprint, 8 to 16 for the sketch.
 */
import { requireNumber } from '../check.ts';
import type { Policy, PolicyHost } from '../types.ts';
import { forSlots } from '../widen.ts';
import { attachOnce } from './attach.ts';
import { Segments, windowOf } from './segments.ts';
import { Sketch } from './sketch.ts';

export interface WTinyLfuOptions {
  /** Part of `max` that is the window, above 0 and at most 1, at least one entry. Default 0.01, the paper's. */
  readonly windowRatio?: number;
}

class WTinyLfu implements Policy {
  readonly name = 'w-tinylfu';
  readonly needsMax = true;
  private host: PolicyHost | undefined;
  declare private readonly windowRatio: number;
  private readonly segments = new Segments();
  private readonly sketch = new Sketch();
  private hashes: Int32Array = new Int32Array(17);
  private max = 1;

  constructor(windowRatio: number) {
    this.windowRatio = windowRatio;
  }

  attach(host: PolicyHost): void {
    this.host = attachOnce(this.name, this.host, host);
    this.resize(host.max);
  }

  grow(slots: number): void {
    this.segments.grow(slots);
    this.hashes = forSlots(this.hashes, slots);
  }

  reset(): void {
    this.segments.clear();
    this.sketch.reset(this.max);
  }

  /** Counts start anew: the sketch has another width. */
  resize(max: number): void {
    this.max = max;
    this.segments.aim(max, windowOf(max, this.windowRatio));
    this.sketch.reset(max);
  }

  insert(slot: number, hash: number): void {
    this.hashes[slot] = hash;
    this.sketch.add(hash);
    this.segments.insert(slot);
  }

  hit(slot: number): void {
    this.sketch.add(this.hashes[slot] as number);
    this.segments.hit(slot);
  }

  remove(slot: number): void {
    this.segments.remove(slot);
  }

  evict(_incomingHash: number): number {
    return this.segments.evict(this.sketch, this.hashes);
  }
}

/** W-TinyLFU. Throws RangeError or TypeError when `windowRatio` is not above 0 and at most 1. */
export function wTinyLfu(options: WTinyLfuOptions = {}): Policy {
  const { windowRatio = 0.01 } = options;
  return new WTinyLfu(requireNumber('windowRatio', windowRatio, 'above 0 and at most 1', (n) => n > 0 && n <= 1));
}
