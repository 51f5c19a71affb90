/** The demo's buttons. Not behind the front door: they must work in the middle of a crowd. */
import process from 'node:process';
import { crowdClientsMax, crowdSecondsMax } from '../crowd/crowd.ts';
import type { PaymentMode } from '../live-state.ts';
import { paymentModes } from '../payments.ts';
import type { Shop } from '../shop.ts';
import type { ChangeAnswer } from '../stock/stock.ts';
import { Refusal, type App } from './server.ts';

const deliveryUnitsMax = 10_000;

export function adminRoutes(app: App, shop: Shop, port: () => number): void {
  const changed = (answer: ChangeAnswer): object => {
    if (!answer.ok) throw new Refusal(answer.code === 'UNKNOWN_SHARD' ? 404 : 409, answer.code, answer.message);
    return answer.change;
  };

  app.post('/api/admin/payments', ({ body }) => {
    const { mode } = fields(body);
    if (!paymentModes.includes(mode as PaymentMode)) {
      throw new Refusal(400, 'BAD_MODE', `mode must be one of ${paymentModes.join(', ')}.`);
    }
    shop.payments.mode = mode as PaymentMode;
    return { mode };
  });

  app.post('/api/admin/shards', async () => changed(await shop.stock.change('add')));
  app.delete<{ Params: { id: string } }>('/api/admin/shards/:id', async ({ params }) =>
    changed(await shop.stock.change('remove', params.id)),
  );

  app.post('/api/admin/cache/expire', () => ({ expired: shop.pages.expire() }));

  app.post('/api/admin/projections', ({ body }) => {
    const { paused } = fields(body);
    if (typeof paused !== 'boolean') throw new Refusal(400, 'BAD_PARAMETER', 'paused must be true or false.');
    shop.pauseProjections(paused);
    return { paused };
  });

  app.post('/api/admin/deliveries', async ({ body }) => {
    const units = within('units', fields(body)['units'], deliveryUnitsMax);
    await shop.stock.deliver(shop.products.keys(), units);
    return { products: shop.products.size, units };
  });

  app.post('/api/admin/orders/retry-stuck', async () => ({ retried: await shop.orders.retryStuck('the demo page') }));

  app.post('/api/admin/crowd', ({ body }) => {
    const given = fields(body);
    const seconds = within('seconds', given['seconds'], crowdSecondsMax);
    const clients = within('clients', given['clients'], crowdClientsMax);
    const order = { url: `http://127.0.0.1:${port()}`, skus: [...shop.products.keys()], clients, seconds };
    if (!shop.crowd.start(order)) throw new Refusal(409, 'CROWD_IS_HERE', 'There is a crowd in the shop already.');
    return { clients, seconds };
  });

  app.post('/api/admin/kill', async (_request, reply) => {
    // The answer is sent, then the process is gone as if the power had failed: no handler runs, nothing is flushed.
    await reply.code(202).send({ killed: process.pid });
    process.kill(process.pid, 'SIGKILL');
  });
}

function fields(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw new Refusal(400, 'BAD_BODY', 'The body must be a JSON object.');
}

function within(name: string, value: unknown, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Refusal(400, 'BAD_PARAMETER', `${name} must be a whole number from 1 to ${max}.`);
}
