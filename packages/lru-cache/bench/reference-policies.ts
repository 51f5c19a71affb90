/**
 * The policies once more, straight from their papers, over plain `Map`s and arrays: what the real ones are checked against.
 *
 * Slow on purpose, and written without looking at the typed arrays: keys are the ids themselves, ghosts are sets of ids,
 * queues are arrays. Each answers, for one request after the other, whether it was a hit in a cache of `max` entries.
 */
export interface ReferencePolicy {
  readonly name: string;
  /** Whether the id was there; afterwards it is. */
  request(id: number): boolean;
}

/** How many of the requests are hits. */
export function referenceHits(policy: ReferencePolicy, ids: Iterable<number>): number {
  let hits = 0;
  for (const id of ids) if (policy.request(id)) hits++;
  return hits;
}

/** Takes the least recently added; a `Map` of ids in order of addition. */
function shift(order: Map<number, true>): number {
  const [oldest] = order.keys();
  if (oldest === undefined) throw new Error('nothing to shift');
  order.delete(oldest);
  return oldest;
}

export function referenceLru(max: number): ReferencePolicy {
  const order = new Map<number, true>();
  return {
    name: 'lru',
    request(id) {
      const hit = order.delete(id);
      if (!hit && order.size === max) shift(order);
      order.set(id, true);
      return hit;
    },
  };
}

/** Corbató 1968: a circular array of frames; a page comes in with its bit off. */
export function referenceClock(max: number): ReferencePolicy {
  const frames: { id: number; used: boolean }[] = [];
  const frameOf = new Map<number, { id: number; used: boolean }>();
  let hand = 0;
  return {
    name: 'clock',
    request(id) {
      const found = frameOf.get(id);
      if (found !== undefined) {
        found.used = true;
        return true;
      }
      const frame = { id, used: false };
      frameOf.set(id, frame);
      if (frames.length < max) {
        frames.push(frame);
        return false;
      }
      for (let at = frames[hand]; at?.used === true; at = frames[hand]) {
        at.used = false;
        hand = (hand + 1) % max;
      }
      frameOf.delete(frames[hand]?.id as number);
      frames[hand] = frame;
      hand = (hand + 1) % max;
      return false;
    },
  };
}

/** NSDI '24, algorithm 1: an array from newest to oldest, the hand an index that goes down. */
export function referenceSieve(max: number): ReferencePolicy {
  const queue: number[] = [];
  const visited = new Map<number, boolean>();
  let hand = -1;
  return {
    name: 'sieve',
    request(id) {
      if (visited.has(id)) {
        visited.set(id, true);
        return true;
      }
      if (queue.length === max) {
        if (hand < 0) hand = max - 1;
        while (visited.get(queue[hand] as number) === true) {
          visited.set(queue[hand] as number, false);
          hand = hand === 0 ? max - 1 : hand - 1;
        }
        visited.delete(queue[hand] as number);
        queue.splice(hand, 1);
        hand--;
      }
      queue.unshift(id);
      if (hand >= 0) hand++;
      visited.set(id, false);
      return false;
    },
  };
}

/** SOSP '23, algorithm 1, giving up one entry a miss; small is a tenth rounded down, the ghost as long as main. */
export function referenceS3Fifo(max: number, smallRatio: number = 0.1, promoteAt: number = 2): ReferencePolicy {
  const smallMax = Math.max(1, Math.floor(max * smallRatio));
  const mainMax = max - smallMax;
  const hits = new Map<number, number>();
  const small = new Map<number, true>();
  const main = new Map<number, true>();
  const ghost = new Map<number, true>();

  function evictMain(): void {
    for (;;) {
      const id = shift(main);
      const left = hits.get(id) as number;
      if (left === 0) {
        hits.delete(id);
        return;
      }
      hits.set(id, left - 1);
      main.set(id, true);
    }
  }

  function evictSmall(): void {
    while (small.size > 0) {
      const id = shift(small);
      if ((hits.get(id) as number) < promoteAt) {
        hits.delete(id);
        ghost.set(id, true);
        if (ghost.size > mainMax) shift(ghost);
        return;
      }
      hits.set(id, 0);
      main.set(id, true);
      if (main.size > mainMax) break;
    }
    evictMain();
  }

  return {
    name: 's3-fifo',
    request(id) {
      const count = hits.get(id);
      if (count !== undefined) {
        hits.set(id, Math.min(3, count + 1));
        return true;
      }
      if (hits.size === max) {
        if (small.size >= smallMax || main.size === 0) evictSmall();
        else evictMain();
      }
      hits.set(id, 0);
      (ghost.delete(id) ? main : small).set(id, true);
      return false;
    },
  };
}

/** FAST '03, figure 4, case by case. */
export function referenceArc(c: number): ReferencePolicy {
  const t1 = new Map<number, true>();
  const t2 = new Map<number, true>();
  const b1 = new Map<number, true>();
  const b2 = new Map<number, true>();
  let p = 0;

  function replace(inB2: boolean): void {
    if (t1.size > 0 && ((inB2 && t1.size === p) || t1.size > p)) b1.set(shift(t1), true);
    else b2.set(shift(t2), true);
  }

  return {
    name: 'arc',
    request(id) {
      if (t1.delete(id) || t2.delete(id)) {
        t2.set(id, true);
        return true;
      }
      if (b1.has(id)) {
        p = Math.min(c, p + (b1.size >= b2.size ? 1 : b2.size / b1.size));
        replace(false);
        b1.delete(id);
        t2.set(id, true);
        return false;
      }
      if (b2.has(id)) {
        p = Math.max(0, p - (b2.size >= b1.size ? 1 : b1.size / b2.size));
        replace(true);
        b2.delete(id);
        t2.set(id, true);
        return false;
      }
      if (t1.size + b1.size === c) {
        if (t1.size < c) {
          shift(b1);
          replace(false);
        } else {
          shift(t1);
        }
      } else if (t1.size + t2.size + b1.size + b2.size >= c) {
        if (t1.size + t2.size + b1.size + b2.size === 2 * c) shift(b2);
        replace(false);
      }
      t1.set(id, true);
      return false;
    },
  };
}

export type ReferenceName = 'lru' | 'clock' | 'sieve' | 's3-fifo' | 'arc';

export const references: Readonly<Record<ReferenceName, (max: number) => ReferencePolicy>> = {
  lru: referenceLru,
  clock: referenceClock,
  sieve: referenceSieve,
  's3-fifo': referenceS3Fifo,
  arc: referenceArc,
};
