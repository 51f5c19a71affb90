/**
 * The shelf against a model that keeps one thing for each key: what became of it. What is on hand is not kept but
 * counted, so the model cannot be wrong in the way the shelf could.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dumpProduct,
  release,
  reserve,
  sell,
  shelfMachine,
  totals,
  type Ruling,
  type Shelf,
  type ShelfEvent,
} from '../src/stock/shelf.ts';

interface ModelProduct {
  delivered: number;
  readonly keys: Map<string, { readonly units: number; readonly state: 'reserved' | 'sold' | 'released' }>;
}

const sum = (product: ModelProduct, state: string): number =>
  [...product.keys.values()].reduce((units, key) => units + (key.state === state ? key.units : 0), 0);
const onHand = (product: ModelProduct): number => product.delivered - sum(product, 'reserved') - sum(product, 'sold');

type Command =
  | { readonly type: 'deliver'; readonly sku: string; readonly units: number }
  | { readonly type: 'reserve'; readonly sku: string; readonly key: string; readonly units: number }
  | { readonly type: 'release' | 'sell'; readonly sku: string; readonly key: string }
  | { readonly type: 'move' | 'reopen'; readonly sku: string };

const sku = fc.constantFrom('a', 'b', 'c');
const key = fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5');
const commands = fc.array(
  fc.oneof<fc.Arbitrary<Command>[]>(
    fc.record({ type: fc.constant('deliver' as const), sku, units: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ type: fc.constant('reserve' as const), sku, key, units: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ type: fc.constantFrom('release' as const, 'sell' as const), sku, key }),
    fc.record({ type: fc.constantFrom('move' as const, 'reopen' as const), sku }),
  ),
  { maxLength: 60 },
);

/** The command on the model: the answer the shelf must give. */
function expected(model: Map<string, ModelProduct>, command: Command): string | undefined {
  const product = model.get(command.sku);
  if (command.type === 'deliver') {
    if (product === undefined) model.set(command.sku, { delivered: command.units, keys: new Map() });
    else product.delivered += command.units;
    return undefined;
  }
  if (!('key' in command)) return undefined;
  const known = product?.keys.get(command.key);
  switch (command.type) {
    case 'reserve':
      if (product === undefined) return 'unknown-product';
      if (known !== undefined) return known.state === 'released' ? 'already-released' : 'reserved';
      if (onHand(product) < command.units) return 'out-of-stock';
      product.keys.set(command.key, { units: command.units, state: 'reserved' });
      return 'reserved';
    case 'release':
      if (known?.state === 'sold') return 'already-sold';
      product?.keys.set(command.key, { units: known?.units ?? 0, state: 'released' });
      return 'released';
    case 'sell':
      if (known === undefined || known.state === 'released') return 'not-reserved';
      product!.keys.set(command.key, { units: known.units, state: 'sold' });
      return 'sold';
  }
}

/** Two shelves, and which of them has a product now. */
class Pair {
  shelves: [Shelf, Shelf] = [shelfMachine.initial(), shelfMachine.initial()];

  holder(sku: string): Shelf {
    return this.shelves[1].has(sku) ? this.shelves[1] : this.shelves[0];
  }

  run(command: Command): string | undefined {
    const shelf = this.holder(command.sku);
    const act = <Answer extends string>({ events, answer }: Ruling<Answer>): Answer => {
      for (const event of events) shelfMachine.apply(shelf, event);
      return answer;
    };
    switch (command.type) {
      case 'deliver':
        shelfMachine.apply(shelf, { type: 'delivered', sku: command.sku, units: command.units });
        return undefined;
      case 'reserve':
        return act(reserve(shelf, command.sku, command.key, command.units));
      case 'release':
        return act(release(shelf, command.sku, command.key));
      case 'sell':
        return act(sell(shelf, command.sku, command.key));
      case 'move': {
        const product = shelf.get(command.sku);
        if (product === undefined) return undefined;
        const imported: ShelfEvent = { type: 'imported', sku: command.sku, product: dumpProduct(product) };
        const other = this.shelves.find((one) => one !== shelf)!;
        shelfMachine.apply(other, JSON.parse(JSON.stringify(imported)) as ShelfEvent);
        shelfMachine.apply(shelf, { type: 'exported', sku: command.sku });
        return undefined;
      }
      case 'reopen':
        this.shelves = this.shelves.map((one) =>
          shelfMachine.restore(JSON.parse(JSON.stringify(shelfMachine.dump(one))) as never),
        ) as [Shelf, Shelf];
        return undefined;
    }
  }
}

describe('over random commands, moves between two shelves, and dumps read back', () => {
  test('every answer is the model’s, and delivered = on hand + reserved + sold for every product', () => {
    fc.assert(
      fc.property(commands, (given) => {
        const pair = new Pair();
        const model = new Map<string, ModelProduct>();
        for (const command of given) {
          expect(pair.run(command)).toBe(expected(model, command));
          for (const [name, product] of model) {
            const found = pair.holder(name).get(name)!;
            const reserved = [...found.reserved.values()].reduce((a, b) => a + b, 0);
            expect(found.delivered).toBe(found.onHand + reserved + found.sold);
            expect([found.delivered, found.onHand, reserved, found.sold]).toEqual([
              product.delivered,
              onHand(product),
              sum(product, 'reserved'),
              sum(product, 'sold'),
            ]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a move changes no sum over both shelves', () => {
    fc.assert(
      fc.property(commands, sku, (given, moved) => {
        const pair = new Pair();
        for (const command of given) pair.run(command);
        const both = (): number[][] => {
          const [a, b] = pair.shelves.map((shelf) => Object.values(totals(shelf)) as number[]);
          return a!.map((units, at) => [units + b![at]!]);
        };
        const before = both();
        pair.run({ type: 'move', sku: moved });
        expect(both()).toEqual(before);
      }),
    );
  });
});

describe('a key acts once', () => {
  const stocked = (units = 10): Shelf => {
    const shelf = shelfMachine.initial();
    shelfMachine.apply(shelf, { type: 'delivered', sku: 'a', units });
    return shelf;
  };
  const apply = (shelf: Shelf, { events, answer }: Ruling<string>): string => {
    for (const event of events) shelfMachine.apply(shelf, event);
    return answer;
  };

  test('a second reservation, sale or release with the same key records nothing', () => {
    const shelf = stocked();
    apply(shelf, reserve(shelf, 'a', 'k', 3));
    expect(reserve(shelf, 'a', 'k', 3)).toEqual({ answer: 'reserved', events: [] });
    apply(shelf, sell(shelf, 'a', 'k'));
    expect(sell(shelf, 'a', 'k')).toEqual({ answer: 'sold', events: [] });
    expect(reserve(shelf, 'a', 'k', 3)).toEqual({ answer: 'reserved', events: [] });
    expect(release(shelf, 'a', 'k')).toEqual({ answer: 'already-sold', events: [] });
    expect(shelf.get('a')).toMatchObject({ delivered: 10, onHand: 7, sold: 3 });
  });

  test('a reservation that arrives after its own release is refused', () => {
    const shelf = stocked();
    expect(apply(shelf, release(shelf, 'a', 'late'))).toBe('released');
    expect(reserve(shelf, 'a', 'late', 1)).toEqual({ answer: 'already-released', events: [] });
    expect(release(shelf, 'a', 'late')).toEqual({ answer: 'released', events: [] });
    expect(sell(shelf, 'a', 'late')).toEqual({ answer: 'not-reserved', events: [] });
  });

  test('the tombstones of a product are bounded, the oldest go first, and reservations are none of them', () => {
    const shelf = stocked(5000);
    apply(shelf, reserve(shelf, 'a', 'still-open', 1));
    for (let i = 0; i < 2000; i++) apply(shelf, release(shelf, 'a', `k${i}`));
    const { settled } = shelf.get('a')!;
    expect(settled.size).toBeLessThanOrEqual(500);
    expect(settled.has('k1999')).toBe(true);
    expect(settled.has('k0')).toBe(false);
    expect(sell(shelf, 'a', 'still-open').answer).toBe('sold');
  });
});
