/** The public routes: search, product pages, orders. All of them pass the front door. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { queryCharsMax } from '../catalogue/search.ts';
import type { OrderView, ProductPage, RingArcs, SearchAnswer } from '../live-state.ts';
import type { Shop } from '../shop.ts';
import { Refusal, errorBody, shown, type App } from './server.ts';

const quantityMax = 100;
const resultsMax = 50;
const windowMax = 1000;

export function shopRoutes(app: App, shop: Shop): void {
  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const verdict = await shop.frontDoor.admit({
      remoteAddress: request.socket.remoteAddress,
      method: request.method,
      url: request.url,
      header: (name) => request.headers[name]?.toString(),
    });
    for (const [name, value] of verdict.headers) reply.header(name, value);
    if (verdict.allowed) return undefined;
    const seconds = reply.getHeader('retry-after') ?? 'some';
    const message = `Too many requests: try again in ${String(seconds)} s.`;
    return reply
      .code(verdict.status)
      .send({ ...(JSON.parse(verdict.body) as object), ...errorBody('TOO_MANY_REQUESTS', message) });
  };

  app.get<{ Querystring: Record<string, string | string[] | undefined> }>(
    '/api/search',
    { onRequest: admit },
    async ({ query }): Promise<SearchAnswer> => {
      const { q } = query;
      if (typeof q !== 'string' || q.trim() === '') {
        throw new Refusal(400, 'EMPTY_QUERY', 'The query q is empty: say what to look for, as in ?q=parser.');
      }
      if (q.length > queryCharsMax) {
        throw new Refusal(
          400,
          'QUERY_TOO_LONG',
          `The query has ${q.length} characters; at most ${queryCharsMax} are allowed.`,
        );
      }
      const from = wholeNumber('from', query['from'] ?? '0', 0, windowMax);
      const size = wholeNumber('size', query['size'] ?? '10', 1, resultsMax);
      return await shop.search.search(q, from, size);
    },
  );

  app.get<{ Params: { '*': string } }>(
    '/api/products/*',
    { onRequest: admit },
    async ({ params }): Promise<ProductPage> => {
      const product = shop.products.get(params['*']);
      const page = product === undefined ? undefined : await shop.pages.page(product.sku);
      if (product === undefined || page === undefined) throw noProduct(params['*']);
      const { sku, version, description, license, keywords, priceCents, sizeBytes } = product;
      const { html, outcome, tookMs } = page;
      return {
        sku,
        version,
        description,
        license,
        keywords,
        priceCents,
        sizeBytes,
        readmeHtml: html,
        stock: shop.stock.level(sku),
        cache: { outcome, tookMs },
      };
    },
  );

  app.post<{ Body: unknown }>('/api/orders', { onRequest: admit }, async (request, reply) => {
    const { sku, quantity, id } = orderOf(request.body);
    const product = shop.products.get(sku);
    if (product === undefined) throw noProduct(sku);
    const totalCents = product.priceCents * quantity;
    const answer = await shop.orders.place({ sku, quantity, totalCents }, id);
    if (!answer.ok) throw new Refusal(answer.code === 'ID_CONFLICT' ? 409 : 503, answer.code, answer.message);
    return reply.code(202).header('location', `/api/orders/${answer.id}`).send({ id: answer.id });
  });

  app.get<{ Params: { id: string } }>('/api/orders/:id', async ({ params }): Promise<OrderView> => {
    const order = await shop.orders.view(params.id);
    if (order === undefined) {
      throw new Refusal(404, 'UNKNOWN_ORDER', `There is no order ${shown(params.id)}, or it ended long ago.`);
    }
    return order;
  });

  app.get('/api/ring', (): RingArcs => shop.arcs());
}

const noProduct = (sku: string): Refusal =>
  new Refusal(404, 'UNKNOWN_PRODUCT', `There is no product ${JSON.stringify(shown(sku))} in the catalogue.`);

function wholeNumber(name: string, given: string | string[], min: number, max: number): number {
  const value = Number(given);
  if (typeof given !== 'string' || !/^\d+$/.test(given) || value < min || value > max) {
    const what = `${name} must be a whole number from ${min} to ${max}; got ${JSON.stringify(given)}`;
    throw new Refusal(400, 'BAD_PARAMETER', `${shown(what)}.`);
  }
  return value;
}

function orderOf(body: unknown): { readonly sku: string; readonly quantity: number; readonly id?: string } {
  const bad = (message: string): Refusal => new Refusal(400, 'BAD_ORDER', message);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw bad('An order is a JSON object: { "sku": "...", "quantity": 1 }.');
  }
  const { sku, quantity, id } = body as Record<string, unknown>;
  if (typeof sku !== 'string' || sku === '') throw bad('An order needs a sku: the name of a product, as a string.');
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > quantityMax) {
    throw bad(
      `quantity must be a whole number from 1 to ${quantityMax}; got ${quantity === undefined ? 'nothing' : shown(JSON.stringify(quantity))}.`,
    );
  }
  if (id === undefined) return { sku, quantity };
  if (typeof id !== 'string' || !/^[\w-]{8,64}$/.test(id)) {
    throw bad('id, if given, must have 8 to 64 letters, digits, "-" or "_": the same id is the same order.');
  }
  return { sku, quantity, id: `c-${id}` };
}
