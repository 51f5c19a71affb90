/**
 * What every policy owes the cache, whatever its taste: run as `policyContract(make)` inside a `describe`.
 *
 * The driver behaves like the store: slots are taken from a free list, last freed first; the arrays double before a new
 * slot is used; `evict` always comes before the `insert` it makes room for, several times where an entry is heavy, and
 * sometimes for nobody. Fingerprints are few, so that keys collide and ghosts come back; 0 is among them.
 */
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import type { Policy } from '../../src/types.ts';

export interface ContractOptions {
  /** Whether `reset` makes it as good as new; default true. */
  readonly resetIsFresh?: boolean;
  /** Bytes of typed arrays that it may ever allocate, a slot; default 300. */
  readonly bytesPerSlot?: number;
}

type Op =
  | { readonly op: 'request'; readonly hash: number; readonly weight: number }
  | { readonly op: 'hit' | 'remove'; readonly pick: number }
  | { readonly op: 'evict'; readonly hash: number }
  | { readonly op: 'resize'; readonly max: number; readonly evictFirst: boolean }
  | { readonly op: 'reset' };

/** A cache reduced to what the policy sees, and the set of what is held. */
class Driver {
  readonly policy: Policy;
  readonly held = new Map<number, number>();
  /** What `evict` answered, in order. */
  readonly victims: number[] = [];
  private readonly hashes: number[] = [];
  private readonly free: number[] = [];
  private top = 0;
  capacity: number;
  max: number;

  constructor(policy: Policy, max: number, capacity: number = 1) {
    this.policy = policy;
    this.max = max;
    this.capacity = capacity;
    policy.attach({ max, hashOf: (slot) => this.hashes[slot] ?? 0 });
    policy.grow(this.capacity);
  }

  evict(hash: number): void {
    const victim = this.policy.evict(hash);
    this.victims.push(victim);
    expect(this.held.has(victim), `evict answered ${victim}, held are ${[...this.held.keys()].join(' ')}`).toBe(true);
    this.release(victim);
  }

  /** A miss: room for an entry `weight` times as heavy as the others, then the entry. */
  insert(hash: number, weight: number = 1): void {
    while (this.held.size > Math.max(0, this.max - weight)) this.evict(hash);
    const slot = this.free.pop() ?? ++this.top;
    while (slot > this.capacity) {
      this.capacity = Math.min(2 * this.capacity, Math.max(this.max, slot));
      this.policy.grow(this.capacity);
    }
    this.hashes[slot] = hash;
    this.held.set(slot, hash);
    this.policy.insert(slot, hash);
  }

  request(hash: number, weight: number = 1): void {
    for (const [slot, known] of this.held) {
      if (known !== hash) continue;
      this.policy.hit(slot);
      return;
    }
    this.insert(hash, weight);
  }

  apply(o: Op): void {
    const slots = [...this.held.keys()];
    switch (o.op) {
      case 'request':
        this.request(o.hash, o.weight);
        return;
      case 'hit':
        if (slots.length > 0) this.policy.hit(slots[o.pick % slots.length] as number);
        return;
      case 'remove':
        if (slots.length === 0) return;
        this.policy.remove(slots[o.pick % slots.length] as number);
        this.release(slots[o.pick % slots.length] as number);
        return;
      case 'evict':
        if (slots.length > 0) this.evict(o.hash);
        return;
      case 'resize':
        this.max = o.max;
        if (!o.evictFirst) this.policy.resize(o.max);
        while (this.held.size > o.max) this.evict(0);
        if (o.evictFirst) this.policy.resize(o.max);
        return;
      case 'reset':
        this.held.clear();
        this.free.length = this.top = this.victims.length = 0;
        this.policy.reset();
        return;
    }
  }

  private release(slot: number): void {
    this.held.delete(slot);
    this.free.push(slot);
  }
}

const hash = fc.integer({ min: -12, max: 12 });
const max = fc.constantFrom(1, 2, 3, 5, 17, 40);
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constant('request' as const),
      hash,
      weight: fc.constantFrom(1, 1, 1, 1, 3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('hit' as const), pick: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), pick: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('evict' as const), hash: fc.constantFrom(0, 0, 5) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('resize' as const), max, evictFirst: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ op: 'reset' as const }) },
);

const nightly = process.env['NIGHTLY'] === '1';

/** A stream of fingerprints with repetitions, some early, some late, most never. */
function stream(length: number): number[] {
  let state = 12345;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const hashes: number[] = [];
  for (let i = 0; i < length; i++) {
    const back = next(3) === 0 ? next(200) : next(2000);
    const repeat = next(2) === 0 ? hashes[i - back] : undefined;
    hashes.push(repeat ?? Math.imul(i + 1, 0x9e3779b1));
  }
  return hashes;
}

/** Registers the laws; `make` answers a new policy each time. */
export function policyContract(make: () => Policy, options: ContractOptions = {}): void {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('evicts what is held, each slot once, whatever is hit, removed and resized in between', () => {
    fc.assert(
      fc.property(max, fc.array(op, { maxLength: 150, size: 'max' }), (atStart, ops) => {
        const driver = new Driver(make(), atStart);
        for (const o of ops) {
          driver.apply(o);
          expect(driver.held.size).toBeLessThanOrEqual(driver.max);
        }
        while (driver.held.size > 0) driver.evict(0);
        // It is as usable as before.
        for (let i = 0; i < 3 * driver.max; i++) driver.insert(100 + i);
        expect(driver.held.size).toBe(driver.max);
      }),
      { numRuns: nightly ? 20_000 : 150 },
    );
  });

  it('does the same again for the same calls', () => {
    const victims = [1, 2].map(() => {
      const driver = new Driver(make(), 30);
      for (const h of stream(2000)) driver.request(h);
      return driver.victims;
    });
    expect(victims[0]?.length).toBeGreaterThan(500);
    expect(victims[0]).toEqual(victims[1]);
  });

  it.runIf(options.resetIsFresh ?? true)('forgets entries and ghosts at a reset', () => {
    fc.assert(
      fc.property(max, fc.array(op, { maxLength: 80 }), fc.array(op, { maxLength: 80 }), (atStart, before, after) => {
        const used = new Driver(make(), atStart);
        for (const o of before) used.apply(o);
        used.apply({ op: 'reset' });
        used.apply({ op: 'resize', max: atStart, evictFirst: true });
        const fresh = new Driver(make(), atStart, used.capacity);
        for (const o of after) {
          fresh.apply(o);
          used.apply(o);
        }
        expect(used.victims).toEqual(fresh.victims);
      }),
      { numRuns: nightly ? 5000 : 60 },
    );
  });

  it('serves one cache only', () => {
    const policy = make();
    policy.attach({ max: 10, hashOf: () => 0 });
    expect(() => policy.attach({ max: 10, hashOf: () => 0 })).toThrow(TypeError);
    expect(() => policy.attach({ max: 10, hashOf: () => 0 })).toThrow(policy.name);
  });

  it('remembers a bounded number of ghosts: in a long run it allocates no more than its slots ask for', () => {
    const atMost = 64;
    let bytes = 0;
    let others = 0;
    const counted = (name: string, count: (made: object, first: unknown) => void): void => {
      const real = Reflect.get(globalThis, name) as new (...given: unknown[]) => object;
      const construct = (target: typeof real, given: unknown[], newTarget: typeof real): object => {
        const made = Reflect.construct(target, given, newTarget);
        count(made, given[0]);
        return made;
      };
      vi.stubGlobal(name, new Proxy(real, { construct }));
    };
    for (const name of ['Int32Array', 'Uint32Array', 'Uint8Array', 'Uint16Array', 'Float64Array', 'Float32Array']) {
      counted(name, (made, first) => {
        // A view on memory that is there already costs nothing.
        if (!(first instanceof ArrayBuffer)) bytes += (made as Uint8Array).byteLength;
      });
    }
    for (const name of ['Map', 'Set']) counted(name, () => others++);
    const policy = make();
    const hashes = new Int32Array(atMost + 1);
    bytes = others = 0;
    policy.attach({ max: atMost, hashOf: (slot) => hashes[slot] as number });
    policy.grow(atMost);
    const slotOf: Record<number, number> = {};
    let used = 0;
    for (const h of stream(400 * atMost)) {
      const slot = slotOf[h];
      if (slot !== undefined && slot !== 0) {
        policy.hit(slot);
        continue;
      }
      const room = used < atMost ? ++used : policy.evict(h);
      slotOf[hashes[room] as number] = 0;
      slotOf[h] = room;
      hashes[room] = h;
      policy.insert(room, h);
    }
    expect(bytes).toBeLessThanOrEqual(1024 + (options.bytesPerSlot ?? 300) * atMost);
    expect(others).toBe(0);
  });
}
