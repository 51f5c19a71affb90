import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ghost } from '../../src/policies/ghost.ts';

/** The model: fingerprints in an array, oldest first. */
class ModelGhost {
  all: number[] = [];
  capacity: number;
  constructor(capacity: number) {
    this.capacity = capacity;
  }
  add(hash: number): void {
    if (this.capacity === 0) return;
    this.remove(hash);
    this.all.push(hash);
    this.resize(this.capacity);
  }
  remove(hash: number): boolean {
    const at = this.all.indexOf(hash);
    if (at >= 0) this.all.splice(at, 1);
    return at >= 0;
  }
  resize(capacity: number): void {
    this.capacity = capacity;
    this.all.splice(0, this.all.length - capacity);
  }
}

type Op = readonly ['add' | 'remove' | 'resize', number] | readonly ['dropOldest' | 'clear', 0];

const nightly = process.env['NIGHTLY'] === '1';
/** Fingerprints that differ in their high bits only, in their low bits only, and at will. */
const hash = fc.oneof(
  fc.integer({ min: 0, max: 60 }),
  fc.integer({ min: 0, max: 60 }).map((n) => n << 26),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constant('add' as const), hash) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('remove' as const), hash) },
  { weight: 2, arbitrary: fc.constant(['dropOldest', 0] as const) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('resize' as const), fc.nat(90)) },
  { weight: 1, arbitrary: fc.constant(['clear', 0] as const) },
);

describe('ghosts', () => {
  it('remember what an array of fingerprints remembers, in its order', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 13, 60), fc.array(op, { maxLength: 300, size: 'max' }), (capacity, ops) => {
        const ghost = new Ghost(capacity);
        const model = new ModelGhost(capacity);
        for (const [name, n] of ops) {
          switch (name) {
            case 'add':
              ghost.add(n);
              model.add(n);
              break;
            case 'remove':
              expect(ghost.remove(n)).toBe(model.remove(n));
              break;
            case 'dropOldest':
              ghost.dropOldest();
              model.all.shift();
              break;
            case 'resize':
              ghost.resize(n);
              model.resize(n);
              break;
            case 'clear':
              ghost.clear();
              model.all = [];
          }
          expect(ghost.size).toBe(model.all.length);
        }
        // What is left leaves in the model's order: dropping the oldest takes the model's oldest and nothing else.
        while (model.all.length > 0) {
          const oldest = model.all.shift() as number;
          const next = model.all.shift();
          ghost.dropOldest();
          expect(ghost.remove(oldest)).toBe(false);
          if (next !== undefined) expect(ghost.remove(next)).toBe(true);
        }
        expect(ghost.size).toBe(0);
      }),
      { numRuns: nightly ? 20_000 : 300 },
    );
  });

  it('outlive any number of holes', () => {
    const ghost = new Ghost(100);
    for (let i = 0; i < 20_000; i++) {
      ghost.add(i);
      // Nine of ten are taken out again at once, so holes are what the ring is made of.
      if (i % 10 !== 0) expect(ghost.remove(i)).toBe(true);
    }
    // One place is what each of the nine passed through.
    expect(ghost.size).toBe(99);
    for (let i = 19_010; i < 20_000; i += 10) expect(ghost.remove(i)).toBe(true);
  });

  it('take the same fingerprint signed and unsigned', () => {
    const ghost = new Ghost(4);
    ghost.add(0xffffffff);
    expect(ghost.remove(-1)).toBe(true);
  });
});
