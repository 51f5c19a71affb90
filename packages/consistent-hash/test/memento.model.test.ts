/**
 * Memento against two models, over long random histories: buckets that remember who was left when they went, and the
 * algorithm as the paper writes it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jumpHash } from '../src/jump.ts';
import { memento, mementoFromJSON } from '../src/memento.ts';
import type { Memento } from '../src/memento.ts';
import { mix32 } from '../src/mix32.ts';

const NIGHTLY = process.env['NIGHTLY'] === '1';
/** 20 histories of 500 steps are 10,000. */
const RUNS = NIGHTLY ? 200 : 20;
const STEPS = 500;

const bucketOf = (hash: number, buckets: number): number => jumpHash(hash, mix32(hash, 1, 2), buckets);
const placeOf = (hash: number, bucket: number, places: number): number =>
  Math.floor((mix32(hash, bucket, 0x9e3779b9) * places) / 2 ** 32);

/** Every bucket that is gone holds the whole list of those left: the last of the list took its place in it. */
class Snapshots {
  private readonly ids: (string | undefined)[];
  private readonly gone: { bucket: number; left: number[] }[] = [];

  constructor(ids: readonly string[]) {
    this.ids = [...ids];
  }

  remove(id: string): void {
    const bucket = this.ids.indexOf(id);
    if (this.gone.length === 0 && bucket === this.ids.length - 1) {
      this.ids.pop();
      return;
    }
    const left = [...(this.gone.at(-1)?.left ?? this.ids.keys())];
    const last = left.pop()!;
    if (last !== bucket) left[left.indexOf(bucket)] = last;
    this.gone.push({ bucket, left });
    this.ids[bucket] = undefined;
  }

  add(id: string): void {
    this.ids[this.gone.pop()?.bucket ?? this.ids.length] = id;
  }

  owner(hash: number): string {
    let bucket = bucketOf(hash, this.ids.length);
    for (;;) {
      const id = this.ids[bucket];
      if (id !== undefined) return id;
      const { left } = this.gone.find((g) => g.bucket === bucket)!;
      bucket = left[placeOf(hash, bucket, left.length)]!;
    }
  }
}

/** Names as in the paper: b-array of n, replacement set R of bucket -> (c, previous), last removed l. */
class Paper {
  private readonly ids: (string | undefined)[];
  private n: number;
  private l: number;
  private readonly R = new Map<number, { c: number; p: number }>();

  constructor(ids: readonly string[]) {
    this.ids = [...ids];
    this.n = ids.length;
    this.l = this.n;
  }

  remove(id: string): void {
    const b = this.ids.indexOf(id);
    this.ids[b] = undefined;
    if (this.R.size === 0 && b === this.n - 1) {
      this.n--;
      this.l = this.n;
    } else {
      this.R.set(b, { c: this.n - this.R.size - 1, p: this.l });
      this.l = b;
    }
  }

  add(id: string): void {
    const b = this.l;
    this.ids[b] = id;
    if (this.R.size === 0) {
      this.n++;
      this.l = this.n;
    } else {
      this.l = this.R.get(b)!.p;
      this.R.delete(b);
    }
  }

  owner(hash: number): string {
    let b = bucketOf(hash, this.n);
    for (let at = this.R.get(b); at !== undefined; at = this.R.get(b)) {
      let d = placeOf(hash, b, at.c);
      for (let r = this.R.get(d); r !== undefined && r.c >= at.c; r = this.R.get(d)) d = r.c;
      b = d;
    }
    return this.ids[b]!;
  }
}

const idsOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${String(i).padStart(3, '0')}`);
/** A step takes one of the nodes out or brings another in; `drift` decides which way the number of nodes goes. */
const histories = fc.record({
  first: fc.integer({ min: 1, max: 40 }),
  drift: fc.constantFrom(0.3, 0.5, 0.7),
  steps: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
    minLength: STEPS,
    maxLength: STEPS,
    size: 'max',
  }),
});
const hashesAt = (step: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => mix32(i, step, 0x5bd1e995));

/** Plays a history and shows each change. */
function play(
  { first, drift, steps }: { first: number; drift: number; steps: readonly number[] },
  visit: (change: { step: number; before: Memento; after: Memento; id: string; isAdded: boolean }) => void,
): void {
  let now: Memento = memento(idsOf(first));
  steps.forEach((dice, step) => {
    const before = now;
    const count = before.nodes.length;
    const isAdded = count === 1 || (count < 60 && dice < drift);
    // A fraction that the comparison with `drift` leaves free.
    const pick = Math.floor(((dice * 7919) % 1) * count);
    // New ids sort before, between and after the old ones.
    const id = isAdded ? `${'amz'[step % 3]!}${step}` : before.nodes[pick]!.id;
    now = isAdded ? before.with(id) : before.without(id);
    visit({ step, before, after: now, id, isAdded });
  });
}

describe(`over ${RUNS * STEPS} changes a memento`, () => {
  it('gives every hash the owner that both models give it', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const models = [new Snapshots(idsOf(history.first)), new Paper(idsOf(history.first))];
        play(history, ({ step, after, id, isAdded }) => {
          for (const model of models) {
            if (isAdded) model.add(id);
            else model.remove(id);
          }
          for (const hash of hashesAt(step, 20)) {
            const owner = after.locateHash(hash).id;
            for (const model of models) if (model.owner(hash) !== owner) expect(model.owner(hash)).toBe(owner);
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('moves keys only to a node that comes, and only from one that goes', () => {
    fc.assert(
      fc.property(histories, (history) => {
        play(history, ({ step, before, after, id, isAdded }) => {
          for (const hash of hashesAt(step, 20)) {
            const [owner, other] = [before.locateHash(hash).id, after.locateHash(hash).id];
            if (owner !== other && (isAdded ? other : owner) !== id) expect([owner, other]).toContain(id);
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('is the same again when a node goes that has just come, and when one comes back that has just gone', () => {
    fc.assert(
      fc.property(histories, (history) => {
        play(history, ({ before, after, id, isAdded }) => {
          const back = isAdded ? after.without(id) : after.with(id);
          // A last bucket that went without a trace comes back as the last.
          if (back.fingerprint !== before.fingerprint) expect(back.toJSON()).toEqual(before.toJSON());
        });
      }),
      { numRuns: RUNS / 10 },
    );
  });

  it('can be read from JSON at any moment, and its history goes on from there', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: STEPS }), ({ steps, ...rest }, until) => {
        let kept: Memento | undefined;
        play({ ...rest, steps: steps.slice(0, until) }, ({ after }) => (kept = after));
        let read: Memento = mementoFromJSON(JSON.parse(JSON.stringify(kept)));
        for (let i = 0; i < 2 * kept!.toJSON().removed.length + 3; i++) {
          expect(read.toJSON()).toEqual(kept!.toJSON());
          for (const hash of hashesAt(i, 10)) expect(read.locateHash(hash).id).toBe(kept!.locateHash(hash).id);
          [kept, read] = [kept!.with(`x${i}`), read.with(`x${i}`)];
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a memento', () => {
  it('without gaps is a jump over its nodes in the order of ids', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const built = memento(idsOf(count).toReversed());
        for (const hash of hashesAt(count, 20)) {
          expect(built.locateHash(hash)).toBe(built.nodes[bucketOf(hash, count)]);
        }
      }),
    );
  });

  it('keeps equal loads when half of the nodes are gone', () => {
    let built: Memento = memento(idsOf(40));
    for (let i = 0; i < 20; i++) built = built.without(built.nodes[(i * 7) % built.nodes.length]!.id);
    const found = new Map(built.nodes.map(({ id }) => [id, 0]));
    for (let i = 0; i < 100_000; i++) {
      const { id } = built.locate(`user:${i}`);
      found.set(id, found.get(id)! + 1);
    }
    const chi2 = [...found.values()].reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0);
    expect(chi2).toBeLessThan(19 + 4 * Math.sqrt(2 * 19));
  });
});
