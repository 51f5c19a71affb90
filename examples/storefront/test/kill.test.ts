/**
 * A real process, killed with SIGKILL at moments drawn from a seed, while orders, payment failures and shard changes
 * come in over HTTP. What was acknowledged must end, completed or compensated, and both sums must add up.
 *
 * The seed is printed; LOADBEARING_SEED replays its schedule. The kernel's and the disk's part in it nobody can replay.
 */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LiveState } from '../src/live-state.ts';
import { paymentModes, ledgerMachine } from '../src/payments.ts';
import { Journaled } from '../src/journaled.ts';
import { start, type Storefront } from './process.ts';
import { ShopClient } from './shop-client.ts';
import { makePackages, newDir, ordinary, seeded, until } from './support.ts';

const kills = 3;
const seed = Number(process.env['LOADBEARING_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

interface Acknowledged {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
}

describe(`a shop that is killed ${kills} times`, () => {
  test('keeps every acknowledged order, and its books', { timeout: 240_000 }, async () => {
    process.stdout.write(`kill.test: LOADBEARING_SEED=${seed}\n`);
    const random = seeded(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const nodeModules = await makePackages(path.join(await newDir(), 'node_modules'), ordinary);
    const dataDir = path.join(await newDir(), 'data');
    const open = (): Storefront => start(['--packages', nodeModules, '--data', dataDir, '--port', '0']);
    const acknowledged = new Map<string, Acknowledged>();
    let orderNumber = 0;

    /** One customer: orders until the shop is gone. An order counts when its 202 was read. */
    const shopping = async (client: ShopClient, skus: readonly string[]): Promise<void> => {
      for (;;) {
        const body = { sku: pick(skus), quantity: 1 + Math.floor(random() * 3), id: `customer-${orderNumber++}` };
        const answer = await client.ask('POST', '/api/orders', { body }).catch(() => undefined);
        if (answer === undefined) return;
        expect(answer.status).toBe(202);
        acknowledged.set(answer.json.id, { ...body, id: answer.json.id });
      }
    };
    /** The hand that breaks things: payment modes and shards, until the shop is gone. */
    const breaking = async (client: ShopClient): Promise<void> => {
      for (;;) {
        const ask =
          random() < 0.5
            ? client.ask('POST', '/api/admin/payments', { body: { mode: pick([...paymentModes, 'ok', 'ok']) } })
            : random() < 0.6
              ? client.ask('POST', '/api/admin/shards')
              : client.ask('DELETE', `/api/admin/shards/shard-${1 + Math.floor(random() * 6)}`);
        const answer = await ask.catch(() => undefined);
        if (answer === undefined) return;
        expect(answer.status).toBeLessThan(500);
        await new Promise((resolve) => setTimeout(resolve, 30 * random()));
      }
    };

    const skus = ordinary.map(({ name }) => name);
    for (let kill = 0; kill < kills; kill++) {
      const storefront = open();
      const client = new ShopClient(await storefront.url());
      if (kill > 0) expect(storefront.out()).toContain('The last shop was killed.');
      expect(storefront.out()).not.toContain('THEY DO NOT ADD UP');
      const customers = Array.from({ length: 4 }, () => shopping(client, skus));
      const hand = breaking(client);
      const before = acknowledged.size;
      const ordersUntilKill = 10 + Math.floor(random() * 40);
      await until('enough orders came in', () => acknowledged.size >= before + ordersUntilKill);
      await new Promise((resolve) => setTimeout(resolve, 50 * random()));
      if (kill === kills - 1) await client.ask('POST', '/api/admin/kill').catch(() => undefined);
      else storefront.child.kill('SIGKILL');
      expect((await storefront.ended).code).not.toBe(0);
      await Promise.all([...customers, hand]);
      expect(storefront.err()).toBe('');
    }

    const storefront = open();
    const client = new ShopClient(await storefront.url());
    expect(storefront.out()).not.toContain('THEY DO NOT ADD UP');
    const state = await until('every order has ended', async () => {
      const page = await client.live();
      let text = '';
      for await (const chunk of page.response) {
        text += String(chunk);
        if (/^data: .*\n\n/m.test(text)) break;
      }
      page.close();
      const now = JSON.parse(/^data: (.*)\n\n/m.exec(text)![1]!) as LiveState;
      expect(now.books).toMatchObject({ stock: { balanced: true }, money: { balanced: true } });
      expect(now.sagas.stuck).toBe(0);
      const isRead = now.log.consumers.every(({ lag }) => lag === 0);
      return now.sagas.running === 0 && isRead && now;
    });

    let [completedUnits, completedCents, completed] = [0, 0, 0];
    for (const { id, sku, quantity } of acknowledged.values()) {
      const { status, json } = await client.ask('GET', `/api/orders/${id}`);
      expect([status, json.sku, json.quantity]).toEqual([200, sku, quantity]);
      expect(['completed', 'compensated']).toContain(json.status);
      if (json.status !== 'completed') continue;
      completed++;
      completedUnits += quantity;
      completedCents += json.totalCents as number;
    }
    expect(completed).toBeGreaterThan(0);
    const { stock, money } = state.books;
    // An order whose answer the kill swallowed may have been accepted: it is in the books and not in our list.
    expect(stock.soldUnits).toBeGreaterThanOrEqual(completedUnits);
    expect(money.completedCents).toBeGreaterThanOrEqual(completedCents);
    expect(stock).toMatchObject({ reservedUnits: 0, deliveredUnits: 100 * ordinary.length });
    expect(money.inFlightCents).toBe(0);
    expect(state.ring.shards.reduce((sum, { products }) => sum + products, 0)).toBe(ordinary.length);
    storefront.child.kill('SIGTERM');
    expect(await storefront.ended).toEqual({ code: 0, signal: null });

    // The ledger by itself: what it booked for each key adds up to its sums, so nothing was booked twice.
    const ledger = await Journaled.open(path.join(dataDir, 'payments'), ledgerMachine);
    let [charged, refunded] = [0, 0];
    for (const entry of ledger.state.entries.values()) {
      charged += entry.cents;
      if (entry.refunded) refunded += entry.cents;
    }
    expect([ledger.state.chargedCents, ledger.state.refundedCents]).toEqual([charged, refunded]);
    await ledger.close();
  });
});
