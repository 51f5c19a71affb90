/**
 * The stock over several shards: orders go on while shards come and go, and a change that a kill interrupted is
 * finished by the next start. The situations that a kill leaves are written here by hand, shelf by shelf.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ring } from '@loadbearing/consistent-hash';
import { describe, expect, test } from 'vitest';
import { Journaled } from '../src/journaled.ts';
import { shelfMachine, type ProductDump, type ShelfEvent, type ShelfTotals } from '../src/stock/shelf.ts';
import { shardsMax, Stock } from '../src/stock/stock.ts';
import { topologyMachine, type TopologyEvent } from '../src/stock/topology.ts';
import { newDir } from './support.ts';

const skus = Array.from({ length: 60 }, (_, i) => `product-${i}`);
const four = ['shard-1', 'shard-2', 'shard-3', 'shard-4'];

function sums(stock: Stock): Omit<ShelfTotals, never> {
  const sum = { products: 0, deliveredUnits: 0, onHandUnits: 0, reservedUnits: 0, soldUnits: 0 };
  for (const shelf of stock.totals().values()) {
    for (const name of Object.keys(sum) as (keyof ShelfTotals)[]) sum[name] += shelf[name];
  }
  return sum;
}

async function open(dir: string): Promise<Stock> {
  return (await Stock.open(dir)).stock;
}

describe('while shards are added and removed', () => {
  test('orders go on, nothing is lost or sold twice, and the sums hold at every look', async () => {
    const dir = await newDir();
    const stock = await open(dir);
    await stock.deliver(skus, 50);
    let isChanging = true;
    let sold = 0;
    let looks = 0;
    const work = async (worker: number): Promise<void> => {
      for (let i = 0; isChanging || i < 30; i++) {
        const sku = skus[(i * 7 + worker * 13) % skus.length]!;
        const key = `w${worker}-${i}`;
        // As a saga does it when an answer was slow: everything twice.
        const [answer] = await Promise.all([stock.reserve(sku, key, 1), stock.reserve(sku, key, 1)]);
        if (answer !== 'reserved') expect(answer).toBe('out-of-stock');
        else if (i % 3 === 0) {
          await Promise.all([stock.release(sku, key), stock.release(sku, key)]);
          expect(await stock.reserve(sku, key, 1)).toBe('already-released');
        } else {
          expect(await Promise.all([stock.sell(sku, key), stock.sell(sku, key)])).toEqual(['sold', 'sold']);
          sold++;
        }
      }
    };
    const look = async (): Promise<void> => {
      while (isChanging) {
        const { products, deliveredUnits, onHandUnits, reservedUnits, soldUnits } = sums(stock);
        expect([products, deliveredUnits]).toEqual([skus.length, 50 * skus.length]);
        expect(onHandUnits + reservedUnits + soldUnits).toBe(deliveredUnits);
        looks++;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const change = async (): Promise<void> => {
      try {
        for (const removed of ['shard-2', 'shard-5', undefined, 'shard-1']) {
          const added = await stock.change('add');
          expect(added).toMatchObject({ ok: true, change: { kind: 'add', productsTotal: skus.length } });
          if (removed !== undefined) expect((await stock.change('remove', removed)).ok).toBe(true);
        }
      } finally {
        isChanging = false;
      }
    };
    await Promise.all([change(), look(), ...Array.from({ length: 6 }, (_, worker) => work(worker))]);
    expect(looks).toBeGreaterThan(0);
    const atTheEnd = {
      products: 60,
      deliveredUnits: 3000,
      onHandUnits: 3000 - sold,
      reservedUnits: 0,
      soldUnits: sold,
    };
    expect(sums(stock)).toEqual(atTheEnd);
    const { fingerprint } = stock.ring;
    await stock.close();

    const again = await Stock.open(dir);
    expect(again.productsMoved).toBe(0);
    expect(sums(again.stock)).toEqual(atTheEnd);
    expect(again.stock.ring.fingerprint).toBe(fingerprint);
    await again.stock.close();
  });

  test('a delivery in the middle of a change reaches each product once', async () => {
    const stock = await open(await newDir());
    await stock.deliver(skus, 1);
    let isChanging = true;
    const changing = stock.change('remove', 'shard-1').finally(() => (isChanging = false));
    const deliveries: Promise<void>[] = [];
    while (isChanging) {
      deliveries.push(stock.deliver(skus, 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await changing;
    await Promise.all(deliveries);
    expect(skus.map((sku) => stock.level(sku).onHandUnits)).toEqual(skus.map(() => 1 + deliveries.length));
    await stock.close();
  });

  test('exactly the products whose owner changed are moved, with what is reserved of them and its tombstones', async () => {
    const stock = await open(await newDir());
    await stock.deliver(skus, 5);
    for (const sku of skus) {
      await stock.reserve(sku, 'open', 2);
      await stock.reserve(sku, 'sold', 1);
      await stock.sell(sku, 'sold');
      await stock.release(sku, 'late');
    }
    const before = new Map(skus.map((sku) => [sku, stock.level(sku).shard]));
    const answer = await stock.change('add');
    const moved = skus.filter((sku) => before.get(sku) !== stock.level(sku).shard);
    expect(answer).toMatchObject({ ok: true, change: { shard: 'shard-5', productsMoved: moved.length } });
    expect(moved.length).toBeGreaterThan(0);
    for (const sku of moved) {
      expect(stock.level(sku)).toEqual({ shard: 'shard-5', onHandUnits: 2 });
      expect(stock.hasSold(sku, 'sold')).toBe(true);
      expect(await stock.reserve(sku, 'late', 1)).toBe('already-released');
      expect(await stock.reserve(sku, 'open', 2)).toBe('reserved');
      expect(await stock.sell(sku, 'open')).toBe('sold');
      expect(stock.level(sku).onHandUnits).toBe(2);
    }
    await stock.close();
  });

  test('the folder of a shard that left is gone, and its number may come back', async () => {
    const dir = await newDir();
    const stock = await open(dir);
    await stock.deliver(skus, 1);
    await stock.change('remove', 'shard-4');
    expect(await readdir(dir)).not.toContain('shard-4');
    expect(await stock.change('add')).toMatchObject({ ok: true, change: { shard: 'shard-4' } });
    expect(sums(stock)).toMatchObject({ products: 60, onHandUnits: 60 });
    await stock.close();
  });
});

describe('a change is refused', () => {
  test('when there is no such shard, and when it is the last', async () => {
    const stock = await open(await newDir());
    expect(await stock.change('remove', 'shard-9')).toMatchObject({ ok: false, code: 'UNKNOWN_SHARD' });
    expect(await stock.change('remove')).toMatchObject({ ok: false, code: 'UNKNOWN_SHARD' });
    for (const shard of ['shard-1', 'shard-2', 'shard-3']) await stock.change('remove', shard);
    expect(await stock.change('remove', 'shard-4')).toMatchObject({ ok: false, code: 'LAST_SHARD' });
    await stock.close();
  });

  test('when there are as many as there may be', async () => {
    const stock = await open(await newDir());
    for (let n = four.length; n < shardsMax; n++) expect((await stock.change('add')).ok).toBe(true);
    expect(await stock.change('add')).toMatchObject({ ok: false, code: 'TOO_MANY_SHARDS' });
    await stock.close();
  });

  test('while another is under way, and closing waits for that one', async () => {
    const stock = await open(await newDir());
    await stock.deliver(skus, 1);
    const first = stock.change('add');
    expect(await stock.change('remove', 'shard-1')).toMatchObject({ ok: false, code: 'CHANGE_UNDER_WAY' });
    const closed = stock.close();
    expect((await first).ok).toBe(true);
    await closed;
  });
});

test('a change that cannot go on is told: only the next start can finish it', async () => {
  const dir = await newDir();
  const failures: Error[] = [];
  const { stock } = await Stock.open(dir, (error) => failures.push(error));
  await writeFile(path.join(dir, 'shard-5'), 'a file where a folder should be');
  await expect(stock.change('add')).rejects.toThrow();
  expect(failures).toHaveLength(1);
  await stock.close();
  await rm(path.join(dir, 'shard-5'));
  const again = await open(dir);
  expect(again.ring.nodes).toHaveLength(5);
  await again.close();
});

describe('a change that a kill interrupted is finished by the next start', () => {
  const dump = (over: Partial<ProductDump> = {}): ProductDump => ({
    delivered: 10,
    onHand: 10,
    sold: 0,
    reserved: [],
    settled: [],
    ...over,
  });

  /** Writes a stock folder: the list of shards as it was recorded, and what stands on each shelf. */
  async function left(
    topology: readonly TopologyEvent[],
    shelves: Readonly<Record<string, Readonly<Record<string, ProductDump>>>>,
  ): Promise<string> {
    const dir = await newDir();
    const list = await Journaled.open(path.join(dir, 'topology'), topologyMachine);
    await list.record(topology);
    await list.close();
    for (const [id, products] of Object.entries(shelves)) {
      const shelf = await Journaled.open(path.join(dir, id), shelfMachine);
      await shelf.record(
        Object.entries(products).map(([sku, product]): ShelfEvent => ({ type: 'imported', sku, product })),
      );
      await shelf.close();
    }
    return dir;
  }

  const settled: readonly TopologyEvent[] = [{ type: 'changing', active: four, leaving: [] }, { type: 'changed' }];
  const five = [...four, 'shard-5'];
  const adding: readonly TopologyEvent[] = [...settled, { type: 'changing', active: five, leaving: [] }];
  const removing: readonly TopologyEvent[] = [
    ...settled,
    { type: 'changing', active: four.slice(0, 3), leaving: ['shard-4'] },
  ];
  /** A product that the fifth shard takes over, and from whom. */
  const sku = skus.find((one) => ring(five).locate(one).id === 'shard-5')!;
  const from = ring(four).locate(sku).id;

  test('a product that had not moved yet is moved', async () => {
    const product = dump({ onHand: 7, sold: 1, reserved: [['k', 2]], settled: [['s', 'sold']] });
    const { stock, productsMoved } = await Stock.open(await left(adding, { [from]: { [sku]: product } }));
    expect(productsMoved).toBe(1);
    expect(stock.level(sku)).toEqual({ shard: 'shard-5', onHandUnits: 7 });
    expect(stock.totals().get(from)!.products).toBe(0);
    expect(await stock.sell(sku, 'k')).toBe('sold');
    expect(sums(stock)).toEqual({
      products: 1,
      deliveredUnits: 10,
      onHandUnits: 7,
      reservedUnits: 0,
      soldUnits: 3,
    });
    await stock.close();
  });

  test('of a product on both shelves the new owner’s copy counts: orders may have gone on there', async () => {
    const newer = dump({ onHand: 4, sold: 6, settled: [['k', 'sold']] });
    const dir = await left(adding, { [from]: { [sku]: dump() }, 'shard-5': { [sku]: newer } });
    const stock = await open(dir);
    expect(stock.level(sku)).toEqual({ shard: 'shard-5', onHandUnits: 4 });
    expect(sums(stock)).toMatchObject({ products: 1, deliveredUnits: 10, onHandUnits: 4, soldUnits: 6 });
    await stock.close();
    const again = await Stock.open(dir);
    expect(again.productsMoved).toBe(0);
    expect(sums(again.stock)).toMatchObject({ deliveredUnits: 10, soldUnits: 6 });
    await again.stock.close();
  });

  test('a shard that was leaving is emptied and its folder goes', async () => {
    const on4 = skus.filter((one) => ring(four).locate(one).id === 'shard-4');
    const dir = await left(removing, { 'shard-4': Object.fromEntries(on4.map((one) => [one, dump()])) });
    const { stock, productsMoved } = await Stock.open(dir);
    expect(productsMoved).toBe(on4.length);
    expect([...stock.totals().keys()].sort()).toEqual(four.slice(0, 3));
    expect(sums(stock)).toMatchObject({ products: on4.length, onHandUnits: 10 * on4.length });
    await stock.close();
    expect(await readdir(dir)).not.toContain('shard-4');
    const again = await Stock.open(dir);
    expect(again.productsMoved).toBe(0);
    await again.stock.close();
  });

  test('a folder that was being deleted holds nothing that is needed, and cannot keep the shop from opening', async () => {
    const dir = await left([...removing, { type: 'changed' }], { 'shard-1': {} });
    await mkdir(path.join(dir, 'shard-4', 'half'), { recursive: true });
    await writeFile(path.join(dir, 'shard-4', '00000000000000000000.log'), 'no log at all');
    const stock = await open(dir);
    expect(await readdir(dir)).not.toContain('shard-4');
    expect(await stock.change('add')).toMatchObject({ ok: true, change: { shard: 'shard-4' } });
    await stock.close();
  });
});
