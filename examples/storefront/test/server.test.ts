/**
 * The shop over HTTP, asked by people who mean well, by people who do not, and by nobody who reads documentation.
 * One shop in this process, over a small node_modules of which one package is hostile.
 */
import path from 'node:path';
import Fastify from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LiveStream } from '../src/http/live-stream.ts';
import { serve, type Server } from '../src/http/server.ts';
import type { LiveState } from '../src/live-state.ts';
import { openShop, type Shop } from '../src/shop.ts';
import { ShopClient, type Answer, type Json } from './shop-client.ts';
import { makePackages, newDir, ordinary, until } from './support.ts';

const hostile = {
  name: 'hostile',
  description: '<script>alert(1)</script> "wicked" & <img src=x onerror=alert(2)>',
  keywords: ['<b>wicked</b>'],
  readme: [
    '# wicked <script>alert(3)</script>',
    '<script>alert(4)</script>',
    '<img src=x onerror="alert(5)"> wicked words <iframe src="https://example.org"></iframe>',
    '[a](javascript:alert(6)) [b](JaVaScRiPt:alert(7)) [c](&#106;avascript:alert(8)) [d](data:text/html,<b>x</b>)',
    '![e](javascript:alert(9)) ![spy <b>](https://example.org/pixel.png) [f](vbscript:x) <javascript:alert(10)> [g]( javascript:alert(11))',
    '[h][ref] [fine](https://example.org/?a="b) <a href="javascript:alert(12)" onclick=alert(13)>x</a>',
    '[ref]: javascript:alert(14)',
    '| wicked <svg onload=alert(15)> |\n|---|\n| <style>*{display:none}</style> |',
  ].join('\n\n'),
};
const longName = `long-${'n'.repeat(209)}`;

let shop: Shop;
let server: Server;
let client: ShopClient;
const failures: unknown[] = [];

beforeAll(async () => {
  const nodeModules = await makePackages(path.join(await newDir(), 'node_modules'), [
    ...ordinary,
    hostile,
    { name: longName, description: 'a name as long as names may be' },
  ]);
  shop = await openShop({
    dataDir: path.join(await newDir(), 'data'),
    nodeModules,
    onFatal: (error) => failures.push(error),
  });
  server = await serve(shop, 0);
  client = new ShopClient(server.url);
});
afterEach(() => expect(failures).toEqual([]));
afterAll(async () => {
  await server.close();
  await shop.close();
});

/** Refused in the agreed form: a status, a code, and a message that is a sentence and no stack trace. */
function refused(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.json?.error?.code]).toEqual([status, code]);
  expect(answer.json.error.message).toMatch(/^[^\n]{5,300}\.$/);
  expect(answer.text).not.toMatch(/\bat .*\.[jt]s:\d/);
}

const order = (body: unknown): Promise<Answer> => client.ask('POST', '/api/orders', { body });
const post = (target: string, body?: unknown): Promise<Answer> => client.ask('POST', target, { body });

async function ended(id: string): Promise<Json> {
  return await until(`order ${id} has ended`, async () => {
    const { json } = await client.ask('GET', `/api/orders/${id}`);
    return json.status === 'completed' || json.status === 'compensated' ? json : undefined;
  });
}

function balanced(): void {
  const { stock, money } = shop.books();
  expect({ stock, money }).toMatchObject({ stock: { balanced: true }, money: { balanced: true } });
}

// First, while the quota of the whole shop is untouched.
describe('the front door', () => {
  test('a client that asks too much is told when to come back, and nobody else notices', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7' };
    const first = await client.ask('GET', '/api/products/part-1', { headers });
    const quota = Number(/"client";q=(\d+)/.exec(String(first.headers['ratelimit-policy']))![1]);
    const answers = await Promise.all(
      Array.from({ length: 4 * quota }, () => client.ask('GET', '/api/products/part-1', { headers })),
    );
    const turnedAway = answers.filter(({ status }) => status === 429);
    expect(turnedAway.length).toBeGreaterThan(0);
    expect(turnedAway.length).toBeLessThanOrEqual(3 * quota + 1);
    for (const answer of turnedAway) {
      refused(answer, 429, 'TOO_MANY_REQUESTS');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.headers['ratelimit']).toMatch(/^"client";r=0;t=\d+$/);
      expect(answer.headers['ratelimit-policy']).toContain('"client";q=');
    }
    const other = await client.ask('GET', '/api/products/part-1', { headers: { 'x-forwarded-for': '203.0.113.8' } });
    expect(other.status).toBe(200);
    expect(other.headers['ratelimit']).toMatch(/^"client";r=\d+;t=\d+$/);
    const { gate } = await shop.state();
    expect(gate.rejectedTotal).toBeGreaterThanOrEqual(turnedAway.length);
    // The buttons work in the middle of it.
    expect((await client.ask('POST', '/api/admin/cache/expire', { headers })).status).toBe(200);
  });
});

describe('what there is not', () => {
  test.each([
    ['GET', '/api/nothing'],
    ['GET', '/nothing.html'],
    ['PUT', '/api/orders'],
    ['DELETE', '/api/search'],
    ['PATCH', '/'],
    ['GET', `/${'x'.repeat(5000)}`],
  ])('%s %s is answered with 404, and at most the beginning of what was asked', async (method, target) => {
    const answer = await client.ask(method, target);
    refused(answer, 404, 'NOT_FOUND');
    expect(answer.text.length).toBeLessThan(300);
  });

  test('an unknown product or order says which', async () => {
    const product = await client.ask('GET', '/api/products/no-such-thing');
    refused(product, 404, 'UNKNOWN_PRODUCT');
    expect(product.json.error.message).toContain('no-such-thing');
    refused(await order({ sku: 'no-such-thing', quantity: 1 }), 404, 'UNKNOWN_PRODUCT');
    refused(await client.ask('GET', '/api/orders/no-such-order'), 404, 'UNKNOWN_ORDER');
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', '']) {
      refused(await client.ask('GET', `/api/products/${name}`), 404, 'UNKNOWN_PRODUCT');
    }
  });

  test.each([
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..\\package.json',
    '/vendor/uplot/../../package.json',
    '/vendor/uplot/..%2f..%2fpackage.json',
    '/api/products/..%2f..%2f..%2fetc%2fpasswd',
    '//etc/passwd',
    '/index.html%00.js',
  ])('no path leads out of the public folder: %s', async (target) => {
    const answer = await client.ask('GET', target);
    expect([400, 403, 404]).toContain(answer.status);
    expect(answer.json.error.message).toBeTypeOf('string');
  });

  test('an address that cannot be decoded is refused in the same form', async () => {
    for (const target of ['/%E0%A4%A', '/api/products/%ff']) {
      const answer = await client.ask('GET', target);
      expect([400, 404]).toContain(answer.status);
      expect(answer.json.error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    }
    refused(await client.ask('GET', '/%E0%A4%A'), 400, 'BAD_ADDRESS');
  });
});

describe('requests that are none', () => {
  test('noise on the socket, and headers without end', async () => {
    const noise = await client.raw('GIVE ME EVERYTHING\r\n\r\n');
    expect(noise).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(noise.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'BAD_REQUEST' } });
    const endless = await client.raw(`GET /${'x'.repeat(40_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    expect(endless).toMatch(/^HTTP\/1.1 431 /);
    expect(JSON.parse(endless.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'HEADERS_TOO_LARGE' } });
  });

  test('HEAD is answered where GET is, without a body, and not where the answer has no end', async () => {
    const head = await client.ask('HEAD', '/');
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await client.ask('HEAD', '/api/live')).status).toBe(404);
  });
});

describe('a body', () => {
  test('that is no JSON, empty, too large, or not sent as JSON is refused before anybody reads it', async () => {
    refused(await order('{"sku": '), 400, 'BAD_JSON');
    refused(await order(''), 400, 'EMPTY_BODY');
    refused(await order({ sku: 'x'.repeat(20_000), quantity: 1 }), 413, 'BODY_TOO_LARGE');
    const headers = { 'content-type': 'text/plain' };
    for (const target of ['/api/orders', '/api/admin/payments', '/api/admin/shards']) {
      refused(await client.ask('POST', target, { body: '{}', headers }), 415, 'NOT_JSON');
    }
    expect((await order('{"__proto__": {"sku": "part-1"}, "quantity": 1}')).status).toBe(400);
  });

  test.each([
    [null],
    ['text'],
    [[{ sku: 'part-1', quantity: 1 }]],
    [{}],
    [{ sku: 7, quantity: 1 }],
    [{ sku: '', quantity: 1 }],
    [{ sku: 'part-1' }],
    [{ sku: 'part-1', quantity: 0 }],
    [{ sku: 'part-1', quantity: -1 }],
    [{ sku: 'part-1', quantity: 1.5 }],
    [{ sku: 'part-1', quantity: 101 }],
    [{ sku: 'part-1', quantity: 1e300 }],
    [{ sku: 'part-1', quantity: '1' }],
    [{ sku: 'part-1', quantity: [1] }],
    [{ sku: 'part-1', quantity: { valueOf: 1 } }],
    [{ sku: 'part-1', quantity: 1, id: 7 }],
    [{ sku: 'part-1', quantity: 1, id: 'short' }],
    [{ sku: 'part-1', quantity: 1, id: 'x'.repeat(65) }],
    [{ sku: 'part-1', quantity: 1, id: '../../etc' }],
  ])('that is no order is refused: %j', async (body) => {
    refused(await order(JSON.stringify(body)), 400, 'BAD_ORDER');
  });
});

describe('search', () => {
  test('finds products by name and by README, marked and with how many there are', async () => {
    const { json } = await client.ask('GET', '/api/search?q=parser&size=5');
    expect(json).toMatchObject({ query: 'parser', total: ordinary.length });
    expect(json.hits).toHaveLength(5);
    expect(json.hits[0].fragmentsHtml[0]).toContain('<mark>parser</mark>');
    const [hit] = (await client.ask('GET', `/api/search?q=${encodeURIComponent('@tools/part-5')}`)).json.hits;
    expect(hit.sku).toBe('@tools/part-5');
    expect(hit.titleHtml.replaceAll(/<\/?mark>/g, '')).toBe('@tools&#x2F;part-5');
  });

  test.each([
    ['', 400, 'EMPTY_QUERY'],
    ['q=', 400, 'EMPTY_QUERY'],
    ['q=%20%20', 400, 'EMPTY_QUERY'],
    ['q=a&q=b', 400, 'EMPTY_QUERY'],
    [`q=${'x'.repeat(10_240)}`, 400, 'QUERY_TOO_LONG'],
    ['q=a&from=-1', 400, 'BAD_PARAMETER'],
    ['q=a&from=1e3', 400, 'BAD_PARAMETER'],
    ['q=a&from=99999999999999999999', 400, 'BAD_PARAMETER'],
    ['q=a&size=0', 400, 'BAD_PARAMETER'],
    ['q=a&size=51', 400, 'BAD_PARAMETER'],
    ['q=a&size=1&size=2', 400, 'BAD_PARAMETER'],
  ])('?%.40s is refused', async (query, status, code) => {
    refused(await client.ask('GET', `/api/search?${query}`), status, code);
  });

  test.each(['!!!', '"', '* OR 1=1', '\u0000', '😀', 'a'.repeat(200), '((((('])(
    'anything that is short enough is a query: %j',
    async (q) => {
      const answer = await client.ask('GET', `/api/search?q=${encodeURIComponent(q)}`);
      expect(answer.status).toBe(200);
      expect(answer.json.hits.length).toBeLessThanOrEqual(10);
    },
  );

  test('a page beyond the last hit is empty', async () => {
    expect((await client.ask('GET', '/api/search?q=parser&from=1000&size=50')).json).toMatchObject({ hits: [] });
  });
});

describe('a hostile package', () => {
  test.each(['/', '/api/products/part-1', '/nothing.html'])(
    'could run no script and reach no other host from %s: the policy forbids both',
    async (target) => {
      const policy = String((await client.ask('GET', target)).headers['content-security-policy']);
      expect(policy).toMatch(/default-src 'self';/);
      expect(policy).not.toMatch(/script-src|unsafe-eval|https?:|\*/);
    },
  );

  test('is found, and nothing of it but marks is markup', async () => {
    const { json } = await client.ask('GET', '/api/search?q=wicked');
    const [hit] = json.hits;
    expect(hit.sku).toBe('hostile');
    for (const html of [hit.titleHtml, hit.descriptionHtml, ...hit.fragmentsHtml] as string[]) {
      expect(html.replaceAll(/<\/?mark>/g, '')).not.toMatch(/[<>]/);
    }
    expect(hit.descriptionHtml).toContain('&lt;script&gt;');
    expect(hit.fragmentsHtml.join()).toContain('<mark>wicked</mark>');
  });

  test('has a page with harmless tags, attributes and addresses only', async () => {
    const { json } = await client.ask('GET', '/api/products/hostile');
    const html = json.readmeHtml as string;
    const tags = html.match(/<[^>]*>/g)!;
    expect(tags.length).toBeGreaterThan(10);
    for (const tag of tags) {
      expect(tag).toMatch(/^<\/?(h1|p|a|table|thead|tbody|tr|th|td|br)( (href|title)="[^"<>]*")*>$/);
    }
    for (const [, address] of html.matchAll(/href="([^"]*)"/g)) expect(address).toMatch(/^https:\/\//);
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('spy &lt;b&gt;');
    expect(html).not.toContain('pixel.png');
  });
});

describe('a product page', () => {
  test('says where the product is and how many are left, and comes from the cache the second time', async () => {
    const first = await client.ask('GET', '/api/products/@tools/part-10');
    expect(first.json).toMatchObject({
      sku: '@tools/part-10',
      cache: { outcome: 'miss' },
      stock: { onHandUnits: 100 },
    });
    expect(first.json.stock.shard).toMatch(/^shard-\d$/);
    const second = await client.ask('GET', '/api/products/@tools%2Fpart-10');
    expect(second.json).toMatchObject({ readmeHtml: first.json.readmeHtml, cache: { outcome: 'hit' } });
  });

  test('may have the longest name there can be', async () => {
    expect((await client.ask('GET', `/api/products/${longName}`)).json).toMatchObject({ sku: longName });
  });

  test('is loaded once, however many open it', async () => {
    const before = (await shop.state()).cache.loads;
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.ask('GET', '/api/products/part-11')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await shop.state()).cache.loads).toBe(before + 1);
  });
});

describe('strangers', () => {
  test.each(['example.org', 'localhost.example.org', '127.0.0.1.example.org', 'example.org:80', '0x7f.1'])(
    'a request for the host "%s" is refused, on every path: a page elsewhere may have pointed its name here',
    async (host) => {
      for (const target of ['/', '/api/ring', '/api/live']) {
        refused(await client.ask('GET', target, { headers: { host } }), 403, 'WRONG_HOST');
      }
    },
  );

  test('a request that names no host is refused', async () => {
    expect(await client.raw('GET / HTTP/1.0\r\n\r\n')).toContain('WRONG_HOST');
  });

  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])('the host %s is this machine', async (host) => {
    expect((await client.ask('GET', '/api/ring', { headers: { host: `${host}:${client.port}` } })).status).toBe(200);
  });

  test.each(['http://example.org', 'null', 'http://localhost:1', 'https://localhost', 'file://'])(
    'a request from the page %s is refused and changes nothing',
    async (origin) => {
      const headers = { origin, host: `localhost:${client.port}` };
      const answer = await client.ask('POST', '/api/admin/payments', { body: { mode: 'down' }, headers });
      refused(answer, 403, 'WRONG_ORIGIN');
      refused(await client.ask('POST', '/api/admin/shards', { headers }), 403, 'WRONG_ORIGIN');
      expect(shop.payments.mode).toBe('ok');
    },
  );

  test('a request from our own page is taken', async () => {
    const host = `localhost:${client.port}`;
    const headers = { origin: `http://${host}`, host };
    expect((await client.ask('GET', '/api/ring', { headers })).status).toBe(200);
  });
});

describe('an order', () => {
  test('is acknowledged with its address, goes through its steps, and takes units and money', async () => {
    const before = shop.books();
    const answer = await order({ sku: 'part-2', quantity: 3 });
    expect(answer.status).toBe(202);
    expect(answer.headers.location).toBe(`/api/orders/${answer.json.id}`);
    const view = await ended(answer.json.id);
    expect(view).toMatchObject({ status: 'completed', sku: 'part-2', quantity: 3, totalCents: 300 });
    expect(view.steps.map((step: Json) => [step.name, step.status])).toEqual(
      ['announce', 'reserve', 'charge', 'ship', 'close'].map((name) => [name, 'done']),
    );
    expect((await client.ask('GET', '/api/products/part-2')).json.stock.onHandUnits).toBe(97);
    const after = shop.books();
    expect(after.stock.soldUnits - before.stock.soldUnits).toBe(3);
    expect(after.money.chargedCents - before.money.chargedCents).toBe(300);
    balanced();
  });

  test('sent twice with the same id is one order; with the same id and other content it is a conflict', async () => {
    const body = { sku: 'part-3', quantity: 2, id: 'twice-the-same' };
    const answers = await Promise.all([order(body), order(body), order(body)]);
    expect(answers.map(({ status, json }) => [status, json.id])).toEqual(Array(3).fill([202, 'c-twice-the-same']));
    refused(await order({ ...body, quantity: 3 }), 409, 'ID_CONFLICT');
    await ended('c-twice-the-same');
    expect((await order(body)).status).toBe(202);
    refused(await order({ ...body, sku: 'part-4' }), 409, 'ID_CONFLICT');
    expect((await client.ask('GET', '/api/products/part-3')).json.stock.onHandUnits).toBe(98);
    balanced();
  });

  test('for more than there is comes to nothing, and says why', async () => {
    const first = await order({ sku: 'part-6', quantity: 100 });
    expect(await ended(first.json.id)).toMatchObject({ status: 'completed' });
    const second = await order({ sku: 'part-6', quantity: 1 });
    const view = await ended(second.json.id);
    expect(view).toMatchObject({ status: 'compensated', reason: 'fewer than 1 of part-6 are left' });
    balanced();
  });
});

describe('the demo’s buttons', () => {
  test('payments that are declined: the order is undone in reverse, units and money are back', async () => {
    await post('/api/admin/payments', { mode: 'decline' });
    const { json } = await order({ sku: 'part-7', quantity: 5 });
    const view = await ended(json.id);
    await post('/api/admin/payments', { mode: 'ok' });
    expect(view).toMatchObject({ status: 'compensated', reason: 'the payment was declined' });
    const undoneAt = Object.fromEntries(view.steps.map((step: Json) => [step.name, step.undoEndMs]));
    expect(undoneAt['charge']).toBeLessThanOrEqual(undoneAt['reserve']);
    expect(undoneAt['reserve']).toBeLessThanOrEqual(undoneAt['announce']);
    expect(shop.stock.level('part-7').onHandUnits).toBe(100);
    balanced();
  });

  test('payments whose answer is lost: booked once, and the order completes', async () => {
    await post('/api/admin/payments', { mode: 'lose-answer' });
    const before = shop.books().money.chargedCents;
    const { json } = await order({ sku: 'part-8', quantity: 1 });
    const view = await ended(json.id);
    await post('/api/admin/payments', { mode: 'ok' });
    expect(view.status).toBe('completed');
    expect(view.steps[2]).toMatchObject({ name: 'charge', attempts: 2 });
    expect(shop.books().money.chargedCents).toBe(before + 100);
    balanced();
  });

  test('payments that are down: in doubt until they are back, then undone', async () => {
    await post('/api/admin/payments', { mode: 'down' });
    const { json } = await order({ sku: 'part-9', quantity: 1 });
    await until('the order is being undone', async () => {
      return (await client.ask('GET', `/api/orders/${json.id}`)).json.status === 'undoing';
    });
    balanced();
    await post('/api/admin/payments', { mode: 'ok' });
    expect(await ended(json.id)).toMatchObject({ status: 'compensated' });
    expect(shop.stock.level('part-9').onHandUnits).toBe(100);
    balanced();
  });

  test('a shard more and a shard less: what moved next to what must, the arcs follow, refusals say why', async () => {
    const added = await post('/api/admin/shards');
    expect(added.json).toMatchObject({
      kind: 'add',
      shard: 'shard-5',
      shareIdeal: 0.2,
      productsTotal: shop.products.size,
    });
    expect(added.json.productsMoved).toBeLessThan(added.json.productsMovedByModulo);
    const { arcs, fingerprint } = (await client.ask('GET', '/api/ring')).json;
    expect(arcs[0].start).toBe(0);
    expect(arcs.at(-1).end).toBe(2 ** 32 - 1);
    for (const [at, arc] of arcs.entries()) if (at > 0) expect(arc.start - 1).toBe(arcs[at - 1].end);
    expect(new Set(arcs.map(({ shard }: Json) => shard)).size).toBe(5);
    expect((await shop.state()).ring).toMatchObject({ fingerprint, moving: null, lastChange: { shard: 'shard-5' } });
    balanced();
    const removed = await client.ask('DELETE', '/api/admin/shards/shard-5');
    expect(removed.json).toMatchObject({ kind: 'remove', shard: 'shard-5', productsMoved: added.json.productsMoved });
    refused(await client.ask('DELETE', '/api/admin/shards/shard-5'), 404, 'UNKNOWN_SHARD');
    refused(await client.ask('DELETE', `/api/admin/shards/${'x'.repeat(90)}`), 404, 'UNKNOWN_SHARD');
    balanced();
  });

  test('projections on pause: the lag grows, the books stay balanced, also when ended orders are sent again', async () => {
    expect((await post('/api/admin/projections', { paused: true })).json).toEqual({ paused: true });
    const bodies = Array.from({ length: 5 }, (_, i) => ({ sku: 'part-12', quantity: 2, id: `while-paused-${i}` }));
    for (const body of bodies) await order(body);
    for (const { id } of bodies) expect(await ended(`c-${id}`)).toMatchObject({ status: 'completed' });
    const { log } = await shop.state();
    expect(log.paused).toBe(true);
    // A chunk that was on its way may still be read.
    for (const { lag } of log.consumers) expect(lag).toBeGreaterThan(0);
    expect(shop.books().money.inFlightCents).toBeGreaterThan(0);
    balanced();
    for (const body of bodies) expect((await order(body)).status).toBe(202);
    balanced();
    await post('/api/admin/projections', { paused: false });
    await until('the projections are at the end', async () =>
      (await shop.state()).log.consumers.every(({ lag }) => lag === 0),
    );
    expect(shop.books().money.inFlightCents).toBe(0);
    balanced();
    const { sales } = await shop.state();
    expect(sales.topProducts.find(({ sku }) => sku === 'part-12')).toEqual({ sku: 'part-12', units: 10, cents: 1000 });
  });

  test('a cache that is expired loads again', async () => {
    await client.ask('GET', '/api/products/part-13');
    const { json } = await post('/api/admin/cache/expire');
    expect(json.expired).toBeGreaterThan(0);
    expect((await client.ask('GET', '/api/products/part-13')).json.cache.outcome).toBe('miss');
  });

  test('a delivery reaches every product', async () => {
    const before = shop.books().stock.deliveredUnits;
    expect((await post('/api/admin/deliveries', { units: 7 })).json).toEqual({
      products: shop.products.size,
      units: 7,
    });
    expect(shop.books().stock.deliveredUnits).toBe(before + 7 * shop.products.size);
    balanced();
  });

  test('retrying stuck orders, when there are none', async () => {
    expect((await post('/api/admin/orders/retry-stuck')).json).toEqual({ retried: 0 });
  });

  test('a crowd comes, shops, goes, and is alone while it is here', async () => {
    expect((await post('/api/admin/crowd', { seconds: 2, clients: 5 })).status).toBe(200);
    refused(await post('/api/admin/crowd', { seconds: 2, clients: 5 }), 409, 'CROWD_IS_HERE');
    const crowd = await until('the crowd has gone', async () => {
      const { crowd: view } = await shop.state();
      return view?.running === false && view;
    });
    expect(crowd).toMatchObject({ clients: 5, failed: 0, leftMs: 0 });
    expect(crowd.sent).toBeGreaterThan(0);
    expect(crowd.sent).toBe(crowd.admitted + crowd.rejected);
    await until('all orders have ended', async () => (await shop.state()).sagas.running === 0);
    balanced();
  });

  test.each([
    ['/api/admin/payments', {}, 'BAD_MODE'],
    ['/api/admin/payments', { mode: 'free' }, 'BAD_MODE'],
    ['/api/admin/payments', { mode: ['ok'] }, 'BAD_MODE'],
    ['/api/admin/payments', null, 'BAD_BODY'],
    ['/api/admin/payments', undefined, 'BAD_BODY'],
    ['/api/admin/projections', { paused: 'yes' }, 'BAD_PARAMETER'],
    ['/api/admin/deliveries', { units: 0 }, 'BAD_PARAMETER'],
    ['/api/admin/deliveries', { units: 10_001 }, 'BAD_PARAMETER'],
    ['/api/admin/deliveries', { units: 1e300 }, 'BAD_PARAMETER'],
    ['/api/admin/crowd', { seconds: 31, clients: 1 }, 'BAD_PARAMETER'],
    ['/api/admin/crowd', { seconds: 1, clients: 201 }, 'BAD_PARAMETER'],
    ['/api/admin/crowd', { seconds: 1 }, 'BAD_PARAMETER'],
  ])('POST %s %j is refused', async (target, body, code) => {
    refused(await post(target, body === null ? 'null' : body), 400, code);
    expect(shop.payments.mode).toBe('ok');
  });
});

describe('the live stream', () => {
  test('sends the whole state at once, and again', async () => {
    const { response, close } = await client.live();
    expect(response.headers['content-type']).toBe('text/event-stream');
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (text.split('event: state').length > 2 && text.endsWith('\n\n')) break;
    }
    close();
    const [first] = text.matchAll(/event: state\ndata: (.*)\n\n/g);
    const state = JSON.parse(first![1]!) as LiveState;
    expect(Object.keys(state).sort()).toEqual(
      ['atMs', 'startedMs', 'gate', 'search', 'cache', 'ring', 'log', 'sagas', 'sales', 'books', 'payments']
        .concat('crowd', 'recovery')
        .sort(),
    );
    expect(state.books).toMatchObject({ stock: { balanced: true }, money: { balanced: true } });
    expect(state.search.documents).toBe(shop.products.size);
    expect(state.ring.shards.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(state.ring.shards.reduce((sum, { products }) => sum + products, 0)).toBe(shop.products.size);
    expect(state.sagas.recent.length).toBe(12);
    expect(state.gate.samples.length).toBeLessThanOrEqual(120);
    expect(state.log.end).toBeGreaterThan(state.log.start);
    expect(state.recovery).toEqual({ cleanShutdown: null, events: 0, ordersResumed: 0, productsMoved: 0 });
  });

  test('has a bounded number of pages, and a page that closes makes room', async () => {
    const pages = await Promise.all(Array.from({ length: 60 }, () => client.live()));
    const statuses = pages.map(({ response }) => response.statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(50);
    expect(statuses.filter((status) => status === 503)).toHaveLength(10);
    const open = pages.filter(({ response }) => response.statusCode === 200);
    for (const { close } of pages) close();
    expect(open).toHaveLength(50);
    await until('there is room', async () => {
      const { response, close } = await client.live();
      close();
      return response.statusCode === 200;
    });
  });

  test('that is closed while a state is being made, or whose state cannot be made, hurts nobody', async () => {
    const app = Fastify({ forceCloseConnections: true });
    const answers: { resolve: (state: LiveState) => void; reject: (error: unknown) => void }[] = [];
    const live = new LiveStream(() => new Promise((resolve, reject) => answers.push({ resolve, reject })));
    app.get('/api/live', (request, reply) => live.attach(request, reply));
    const pages = new ShopClient(await app.listen({ host: '127.0.0.1', port: 0 }));
    const [first] = [await pages.live(), await pages.live()];
    expect(answers).toHaveLength(2);
    answers[0]!.reject(new Error('the shop is closing'));
    live.close();
    answers[1]!.resolve({} as LiveState);
    let text = '';
    for await (const chunk of first.response) text += String(chunk);
    expect(text).toBe('retry: 1000\n\n');
    await app.close();
  });
});
