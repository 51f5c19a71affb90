/** httpCache from outside: what the client gets, what the origin is asked, by the clock of the test. */
import { describe, expect, it } from 'vitest';
import { httpCache, type HttpCacheOptions } from '../../src/http/http-cache.ts';
import { manualClock, manualTimers, settle, httpDate, T0 } from './support.ts';

type Fields = Readonly<Record<string, string>>;
type Reply = (request: Request, n: number) => Response | Promise<Response>;

const URI = 'http://a.example/page';
const get = (headers: Fields = {}, uri = URI): Request => new Request(uri, { headers });
const page = (body: string | null, headers: Fields, status = 200): Response => new Response(body, { status, headers });

function setUp(reply: Reply, options: Partial<HttpCacheOptions> = {}) {
  const clock = manualClock();
  const timers = manualTimers();
  const asked: Request[] = [];
  const background: Promise<void>[] = [];
  const cached = httpCache({
    fetch: async (request) => {
      asked.push(request);
      return reply(request, asked.length);
    },
    shared: true,
    name: 'c',
    maxBytes: 1e6,
    wallClock: clock,
    timers,
    onBackground: (work) => background.push(work),
    ...options,
  });
  /** Body, and what the cache says that it did. */
  const ask = async (request: Request = get()): Promise<[body: string, status: string | null]> => {
    const response = await cached(request);
    return [await response.text(), response.headers.get('cache-status')];
  };
  return { clock, timers, asked, background, cached, ask };
}

/** Version n of a page, good for a minute unless told otherwise, that answers 304 to who has it. */
const versioned =
  (fields: Fields = { 'cache-control': 'max-age=60' }): Reply =>
  (_request, n) =>
    page(`v${n}`, fields);

interface Gate {
  promise: Promise<void>;
  open: () => void;
}
function gate(): Gate {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

describe('a hit', () => {
  it('is answered from store with Age, Cache-Status and the original Date, and the origin is not asked (RFC 9111, 4)', async () => {
    const { ask, cached, clock, asked } = setUp(versioned());
    expect(await ask()).toEqual(['v1', 'c; fwd=uri-miss; fwd-status=200; stored']);
    clock.pass(59);
    const response = await cached(get());
    expect([...response.headers]).toEqual([
      ['age', '59'],
      ['cache-control', 'max-age=60'],
      ['cache-status', 'c; hit; ttl=1'],
      ['content-type', 'text/plain;charset=UTF-8'],
      ['date', httpDate(T0)],
    ]);
    expect(await response.text()).toBe('v1');
    expect(response.url).toBe(URI);
    expect(asked).toHaveLength(1);
    clock.pass(1);
    expect(await ask()).toEqual(['v2', 'c; fwd=stale; fwd-status=200; stored']);
  });

  it('adds to the Age of upstream, and appends to its Cache-Status', async () => {
    const { ask, cached, clock } = setUp(
      versioned({ 'cache-control': 'max-age=60', age: '20', 'cache-status': 'up; hit; ttl=40' }),
    );
    await ask();
    clock.pass(10);
    const response = await cached(get());
    expect(response.headers.get('age')).toBe('30');
    expect(response.headers.get('cache-status')).toBe('up; hit; ttl=40, c; hit; ttl=30');
  });

  it('counts the time that the origin took', async () => {
    const { ask, cached, clock } = setUp(() => {
      clock.pass(5);
      return page('x', { 'cache-control': 'max-age=60', date: httpDate(clock.at) });
    });
    await ask();
    expect((await cached(get())).headers.get('age')).toBe('5');
  });

  it('serves the same bytes every time, whatever a client does to its copy', async () => {
    const { cached } = setUp(versioned());
    const first = await cached(get());
    for await (const chunk of first.body as unknown as AsyncIterable<Uint8Array>) chunk.fill(0);
    const second = new Uint8Array(await (await cached(get())).arrayBuffer());
    expect(new TextDecoder().decode(second)).toBe('v1');
    second.fill(0);
    expect(await (await cached(get())).text()).toBe('v1');
  });

  it('HEAD is answered from a stored GET, without a body (RFC 9110, 9.3.2)', async () => {
    const { ask, cached, asked } = setUp(versioned());
    await ask();
    const response = await cached(new Request(URI, { method: 'HEAD' }));
    expect(response.headers.get('cache-status')).toBe('c; hit; ttl=60');
    expect(await response.text()).toBe('');
    expect(asked).toHaveLength(1);
  });

  it('a client that has it gets a 304 from store, without the fields of a body (RFC 9111, 4.3.2)', async () => {
    const { ask, cached, asked } = setUp(versioned({ 'cache-control': 'max-age=60', etag: '"1"' }));
    await ask();
    const response = await cached(get({ 'if-none-match': 'W/"1"' }));
    expect(response.status).toBe(304);
    expect(response.headers.get('etag')).toBe('"1"');
    expect(response.headers.get('content-type')).toBeNull();
    expect(response.headers.get('cache-status')).toBe('c; hit; ttl=60');
    expect((await cached(get({ 'if-none-match': '"2"' }))).status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it('a fragment is no part of the key', async () => {
    const { ask, asked } = setUp(versioned());
    await ask(get({}, `${URI}#a`));
    await ask(get({}, `${URI}#b`));
    expect(asked).toHaveLength(1);
  });

  it('statuses without a body are stored like others', async () => {
    const { cached, asked } = setUp(() => page(null, { 'cache-control': 'max-age=60' }, 204));
    expect((await cached(get())).status).toBe(204);
    expect((await cached(get())).status).toBe(204);
    expect(asked).toHaveLength(1);
  });
});

describe('what passes', () => {
  it.each(['range', 'if-match', 'if-unmodified-since', 'if-range'])(
    'a request with %s is for the origin',
    async (name) => {
      const { ask, asked } = setUp(versioned());
      await ask();
      expect((await ask(get({ [name]: '"x"' })))[1]).toBe('c; fwd=bypass; fwd-status=200');
      expect(asked).toHaveLength(2);
    },
  );

  it('a 206 is never stored (RFC 9111, 3.3)', async () => {
    const { ask, asked } = setUp(() => page('part', { 'cache-control': 'max-age=60' }, 206));
    await ask();
    expect((await ask())[1]).toBe('c; fwd=uri-miss; fwd-status=206');
    expect(asked).toHaveLength(2);
  });

  it('a response that followed a redirect is not stored', async () => {
    const { ask, asked } = setUp((_request, n) =>
      Object.defineProperty(page(`v${n}`, { 'cache-control': 'max-age=60' }), 'redirected', { value: true }),
    );
    await ask();
    expect(await ask()).toEqual(['v2', 'c; fwd=uri-miss; fwd-status=200']);
    expect(asked).toHaveLength(2);
  });

  it('an error response of fetch is handed on as it is', async () => {
    const error = Response.error();
    const { cached } = setUp(() => error);
    expect(await cached(get())).toBe(error);
  });

  it('a client validates what we do not have: its 304 passes and is not stored', async () => {
    const { cached, asked } = setUp(() => page(null, { etag: '"1"', 'cache-control': 'max-age=60' }, 304));
    const response = await cached(get({ 'if-none-match': '"1"' }));
    expect(response.status).toBe(304);
    expect(response.headers.get('cache-status')).toBe('c; fwd=uri-miss; fwd-status=304');
    await cached(get({ 'if-none-match': '"1"' }));
    expect(asked).toHaveLength(2);
  });

  it('only-if-cached gets a 504 of our own (RFC 9111, 5.2.1.7)', async () => {
    const { cached, asked } = setUp(versioned());
    const response = await cached(get({ 'cache-control': 'only-if-cached' }));
    expect(response.status).toBe(504);
    expect(response.headers.get('cache-status')).toBe('c; fwd=miss; detail=only-if-cached');
    expect(asked).toHaveLength(0);
  });
});

describe('validation', () => {
  const validated: Reply = (request, n) =>
    request.headers.get('if-none-match') === '"1"'
      ? page(null, { etag: '"1"', 'cache-control': 'max-age=60', 'x-n': String(n), 'content-length': '0' }, 304)
      : page('v1', { etag: '"1"', 'cache-control': 'max-age=60', 'x-n': String(n) });

  it('a 304 freshens what is stored (RFC 9111, 4.3.4)', async () => {
    const { ask, cached, clock, asked } = setUp(validated);
    await ask();
    clock.pass(100);
    const response = await cached(get());
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('v1');
    expect(response.headers.get('age')).toBe('0');
    expect(response.headers.get('x-n')).toBe('2');
    expect(response.headers.get('content-length')).toBeNull();
    expect(response.headers.get('cache-status')).toBe('c; fwd=stale; fwd-status=304; ttl=60; stored');
    clock.pass(59);
    expect(await ask()).toEqual(['v1', 'c; hit; ttl=1']);
    expect(asked).toHaveLength(2);
  });

  it('is asked with our validators, and the client is answered by its own', async () => {
    const { ask, cached, clock, asked } = setUp(validated);
    await ask();
    clock.pass(100);
    const response = await cached(get({ 'if-none-match': '"0"', 'if-modified-since': httpDate(T0) }));
    expect(asked[1]?.headers.get('if-none-match')).toBe('"1"');
    expect(asked[1]?.headers.get('if-modified-since')).toBeNull();
    expect(response.status).toBe(200);
    clock.pass(100);
    expect((await cached(get({ 'if-none-match': '"1"' }))).status).toBe(304);
  });

  it('a 304 that forbids to store takes the response out', async () => {
    const { ask, clock, asked } = setUp((request) =>
      request.headers.has('if-none-match')
        ? page(null, { etag: '"1"', 'cache-control': 'no-store' }, 304)
        : page('v1', { etag: '"1"', 'cache-control': 'max-age=60' }),
    );
    await ask();
    clock.pass(61);
    expect(await ask()).toEqual(['v1', 'c; fwd=stale; fwd-status=304; ttl=0']);
    await ask();
    expect(asked[2]?.headers.has('if-none-match')).toBe(false);
  });

  it('a 304 about another response is not believed: we ask again, without a condition', async () => {
    const { ask, clock, asked } = setUp((request, n) =>
      request.headers.has('if-none-match')
        ? page(null, { etag: '"other"' }, 304)
        : page(`v${n}`, { etag: `"${n}"`, 'cache-control': 'max-age=60' }),
    );
    await ask();
    clock.pass(61);
    expect(await ask()).toEqual(['v3', 'c; fwd=stale; fwd-status=200; stored']);
    expect(asked.map((request) => request.headers.get('if-none-match'))).toEqual([null, '"1"', null]);
    expect((await ask())[0]).toBe('v3');
  });

  it('a new response that may not be stored takes the old one out; an error does not', async () => {
    const replies = [
      page('v1', { etag: '"1"', 'cache-control': 'max-age=60' }),
      page('down', {}, 500),
      page('v3', { 'cache-control': 'no-store' }),
      page('v4', {}),
    ];
    const { ask, clock, asked } = setUp((_request, n) => replies[n - 1] as Response);
    await ask();
    clock.pass(61);
    expect(await ask()).toEqual(['down', 'c; fwd=stale; fwd-status=500']);
    expect(await ask()).toEqual(['v3', 'c; fwd=stale; fwd-status=200']);
    expect(asked[2]?.headers.get('if-none-match')).toBe('"1"');
    await ask();
    expect(asked[3]?.headers.get('if-none-match')).toBeNull();
  });

  it('a HEAD freshens or takes out what is stored (RFC 9111, 4.3.5)', async () => {
    let tag = '"1"';
    const { ask, cached, clock, asked } = setUp(() => page('v', { etag: tag, 'cache-control': 'max-age=60' }));
    await ask();
    clock.pass(61);
    await cached(new Request(URI, { method: 'HEAD' }));
    clock.pass(59);
    expect((await ask())[1]).toBe('c; hit; ttl=1');
    clock.pass(2);
    tag = '"2"';
    await cached(new Request(URI, { method: 'HEAD' }));
    await ask();
    expect(asked).toHaveLength(4);
    expect(asked[3]?.headers.get('if-none-match')).toBeNull();
  });

  it('no-cache in the request is not answered by what was fetched before it', async () => {
    const { ask, asked } = setUp(validated);
    await ask();
    expect((await ask(get({ 'cache-control': 'no-cache' })))[1]).toBe('c; fwd=request; fwd-status=304; ttl=60; stored');
    expect(asked).toHaveLength(2);
  });
});

describe('stale (RFC 5861)', () => {
  it('while it is revalidated behind, once for all', async () => {
    const { ask, clock, asked, background } = setUp(
      versioned({ 'cache-control': 'max-age=60, stale-while-revalidate=30' }),
    );
    await ask();
    clock.pass(70);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill(['v1', 'c; hit; ttl=-10']));
    expect(background).toHaveLength(1);
    await background[0];
    expect(asked).toHaveLength(2);
    expect(await ask()).toEqual(['v2', 'c; hit; ttl=60']);
  });

  it('a revalidation behind does not end with its client, and a failure of it is nobody else’s', async () => {
    const opened = gate();
    const { ask, cached, clock, background } = setUp(async (request, n) => {
      if (n === 2) throw new Error('down');
      if (n === 3) {
        await opened.promise;
        if (request.signal.aborted) throw new Error('aborted');
      }
      return page(`v${n}`, { 'cache-control': 'max-age=60, stale-while-revalidate=30' });
    });
    await ask();
    clock.pass(70);
    await ask();
    await expect(background[0]).resolves.toBeUndefined();
    const client = new AbortController();
    await (await cached(new Request(URI, { signal: client.signal }))).text();
    client.abort();
    opened.open();
    await background[1];
    expect((await ask())[0]).toBe('v3');
  });

  it('a body that breaks off behind is heard of by nobody, and the stale page stays', async () => {
    const { ask, clock, background } = setUp((_request, n) => {
      const fields = { 'cache-control': 'max-age=60, stale-while-revalidate=30' };
      if (n === 1) return page('v1', fields);
      return new Response(new ReadableStream({ start: (to) => to.error(new Error('cut')) }), { headers: fields });
    });
    await ask();
    clock.pass(70);
    await ask();
    await expect(background[0]).resolves.toBeUndefined();
    await settle();
    expect((await ask())[0]).toBe('v1');
  });

  it('a body too large to store is not fetched to its end behind', async () => {
    let pulled = 0;
    const { ask, clock, background } = setUp(
      (_request, n) => {
        const fields = { 'cache-control': 'max-age=60, stale-while-revalidate=30' };
        if (n === 1) return page('v1', fields);
        const endless = new ReadableStream<Uint8Array>({
          pull(to) {
            pulled++;
            to.enqueue(new Uint8Array(1000));
          },
        });
        return new Response(endless, { headers: fields });
      },
      { maxEntryBytes: 5000 },
    );
    await ask();
    clock.pass(70);
    await ask();
    await background[0];
    await settle();
    expect(pulled).toBeLessThan(12);
  });

  it.each(['a connection that fails', 'a 503'])('after %s, as long as stale-if-error says', async (how) => {
    const { ask, clock } = setUp((_request, n) => {
      if (n === 1) return page('v1', { 'cache-control': 'max-age=60, stale-if-error=30' });
      if (how === 'a 503') return page('down', {}, 503);
      throw new Error('down');
    });
    await ask();
    clock.pass(90);
    const status = how === 'a 503' ? '; fwd-status=503' : '';
    expect(await ask()).toEqual(['v1', `c; fwd=stale${status}; ttl=-30; detail=stale-if-error`]);
    clock.pass(1);
    if (how === 'a 503') expect((await ask())[0]).toBe('down');
    else await expect(ask()).rejects.toThrow('down');
  });

  it('never past must-revalidate, on errors too (RFC 9111, 5.2.2.2)', async () => {
    const { ask, clock } = setUp((_request, n) => {
      if (n === 1) return page('v1', { 'cache-control': 'max-age=60, stale-if-error=30, must-revalidate' });
      throw new Error('down');
    });
    await ask();
    clock.pass(61);
    await expect(ask()).rejects.toThrow('down');
  });
});

describe('Vary (RFC 9111, 4.1)', () => {
  const byLanguage: Reply = (request, n) =>
    page(`${request.headers.get('accept-language') ?? 'none'} ${n}`, {
      'cache-control': 'max-age=60',
      vary: 'Accept-Language',
    });

  it('keeps one response per selecting header', async () => {
    const { ask, asked } = setUp(byLanguage);
    expect((await ask(get({ 'accept-language': 'de' })))[0]).toBe('de 1');
    expect(await ask(get({ 'accept-language': 'fr' }))).toEqual(['fr 2', 'c; fwd=vary-miss; fwd-status=200; stored']);
    expect((await ask(get({ 'accept-language': 'de' })))[0]).toBe('de 1');
    expect((await ask(get({ 'accept-language': 'fr' })))[0]).toBe('fr 2');
    expect((await ask())[0]).toBe('none 3');
    expect(asked).toHaveLength(3);
  });

  it('at most maxVariants of them; the oldest goes', async () => {
    const { ask, asked } = setUp(byLanguage, { maxVariants: 2 });
    for (const language of ['a', 'b', 'c', 'b', 'c']) await ask(get({ 'accept-language': language }));
    expect(asked).toHaveLength(3);
    await ask(get({ 'accept-language': 'a' }));
    expect(asked).toHaveLength(4);
  });

  it('a Vary that changes replaces what it replaced', async () => {
    const fields = [{ vary: 'a' }, { vary: 'b' }];
    const { ask, clock, asked } = setUp((_request, n) =>
      page(`v${n}`, { 'cache-control': 'max-age=60', ...fields[n - 1] }),
    );
    await ask(get({ a: '1', b: '1' }));
    clock.pass(61);
    await ask(get({ a: '1', b: '1' }));
    expect((await ask(get({ a: '2', b: '1' })))[0]).toBe('v2');
    expect(asked).toHaveLength(2);
  });
});

describe('invalidation (RFC 9111, 4.4)', () => {
  it('by a POST that did not fail: its URI and those it names', async () => {
    const { ask, asked } = setUp((request, n) =>
      request.method === 'POST'
        ? page('', { location: '/other', 'content-location': 'http://b.example/' }, 201)
        : page(`v${n}`, { 'cache-control': 'max-age=60' }),
    );
    const uris = [URI, 'http://a.example/other', 'http://b.example/'];
    for (const uri of uris) await ask(get({}, uri));
    expect((await ask(new Request(URI, { method: 'POST' })))[1]).toBe('c; fwd=method; fwd-status=201');
    for (const uri of uris) await ask(get({}, uri));
    expect(asked.slice(4).map(({ url }) => url)).toEqual(uris.slice(0, 2));
  });

  it('not by one that failed', async () => {
    const { ask, asked } = setUp((request, n) =>
      page(`v${n}`, { 'cache-control': 'max-age=60' }, request.method === 'PUT' ? 409 : 200),
    );
    await ask();
    await ask(new Request(URI, { method: 'PUT' }));
    expect((await ask())[0]).toBe('v1');
    expect(asked).toHaveLength(2);
  });

  it('a response asked for before the change is not stored after it', async () => {
    const opened = gate();
    const { ask } = setUp(async (request, n) => {
      if (n === 1) await opened.promise;
      return page(request.method === 'GET' ? `v${n}` : '', { 'cache-control': 'max-age=60' });
    });
    const early = ask();
    await ask(new Request(URI, { method: 'DELETE' }));
    opened.open();
    expect((await early)[0]).toBe('v1');
    expect((await ask())[0]).toBe('v3');
  });

  it('nor one whose body was still on its way', async () => {
    const opened = gate();
    const { ask, cached } = setUp((request, n) => {
      if (request.method !== 'GET') return page('', {});
      const body = new ReadableStream<Uint8Array>({
        async pull(to) {
          await opened.promise;
          to.enqueue(new TextEncoder().encode(`v${n}`));
          to.close();
        },
      });
      return new Response(body, { headers: { 'cache-control': 'max-age=60' } });
    });
    const early = await cached(get());
    await ask(new Request(URI, { method: 'DELETE' }));
    opened.open();
    expect(await early.text()).toBe('v1');
    expect((await ask())[0]).toBe('v3');
  });

  it('purge does the same by hand', async () => {
    const { ask, cached } = setUp(versioned());
    await ask();
    expect(cached.purge(`${URI}#x`)).toBe(true);
    expect(cached.purge(URI)).toBe(false);
    expect((await ask())[0]).toBe('v2');
  });
});

describe('configuration', () => {
  it.each([
    [{ name: '' }, RangeError, /name/],
    [{ name: 'é' }, RangeError, /name/],
    [{ name: 1 }, TypeError, /name/],
    [{ maxBytes: 0 }, RangeError, /maxBytes/],
    [{ maxBytes: '1' }, TypeError, /maxBytes/],
    [{ maxBytes: Infinity }, RangeError, /maxBytes/],
    [{ maxEntryBytes: 2e6 }, RangeError, /maxEntryBytes/],
    [{ maxEntryBytes: NaN }, RangeError, /maxEntryBytes/],
    [{ maxVariants: 0 }, RangeError, /maxVariants/],
    [{ maxVariants: 1.5 }, RangeError, /maxVariants/],
    [{ collapseMs: -1 }, RangeError, /collapseMs/],
    [{ collapseMs: 2 ** 31 }, RangeError, /collapseMs/],
    [{ shared: undefined }, TypeError, /shared/],
    [{ fetch: 'http://a' }, TypeError, /fetch/],
    [{ onBackground: 1 }, TypeError, /onBackground/],
    [{ wallClock: {} }, TypeError, /wallClock/],
    [{ timers: { set: () => 1 } }, TypeError, /timers/],
  ])('%j is refused by name', (wrong, type, message) => {
    const options = { fetch: async () => new Response(), shared: true, name: 'c', maxBytes: 1e6, ...wrong };
    expect(() => httpCache(options as unknown as HttpCacheOptions)).toThrow(type);
    expect(() => httpCache(options as unknown as HttpCacheOptions)).toThrow(message);
  });
});
