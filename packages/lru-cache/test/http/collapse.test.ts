/** Concurrent requests and streaming bodies: who waits, who does not, and what is never stored. */
import { describe, expect, it } from 'vitest';
import { httpCache, type HttpCacheOptions } from '../../src/http/http-cache.ts';
import { manualClock, manualTimers, settle } from './support.ts';

type Fields = Readonly<Record<string, string>>;

const URI = 'http://a.example/page';
const get = (headers: Fields = {}): Request => new Request(URI, { headers });

/** An origin whose every answer the test gives by hand. */
function setUp(options: Partial<HttpCacheOptions> = {}) {
  const clock = manualClock();
  const timers = manualTimers();
  const asked: { request: Request; answer: (response: Response) => void; fail: (error: Error) => void }[] = [];
  const cached = httpCache({
    fetch: (request) =>
      new Promise((answer, fail) => {
        asked.push({ request, answer, fail });
        request.signal.addEventListener('abort', () => fail(request.signal.reason as Error));
      }),
    shared: true,
    name: 'c',
    maxBytes: 1e6,
    wallClock: clock,
    timers,
    ...options,
  });
  const crowd = (n: number, headers: Fields = {}): Promise<string>[] =>
    Array.from({ length: n }, async () => {
      const response = await cached(get(headers));
      return `${await response.text()} | ${response.headers.get('cache-status') ?? ''}`;
    });
  return { clock, timers, asked, cached, crowd };
}

const page = (body: ConstructorParameters<typeof Response>[0] | null, fields: Fields, status = 200): Response =>
  new Response(body, { status, headers: fields });

/** A body that the test writes by hand. */
function handmade(): {
  body: ReadableStream<Uint8Array>;
  write: (text: string) => void;
  close: () => void;
  fail: () => void;
  cancelled: () => boolean;
} {
  let to: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      to = controller;
    },
    cancel() {
      cancelled = true;
    },
  });
  return {
    body,
    write: (text) => to.enqueue(new TextEncoder().encode(text)),
    close: () => to.close(),
    fail: () => to.error(new Error('cut')),
    cancelled: () => cancelled,
  };
}

describe('collapsing (RFC 9111, 4)', () => {
  it('a thousand requests for one page are one request to the origin', async () => {
    const { asked, crowd } = setUp();
    const all = crowd(1000);
    await settle();
    expect(asked).toHaveLength(1);
    asked[0]?.answer(page('v', { 'cache-control': 'max-age=60' }));
    const answers = await Promise.all(all);
    expect(answers[0]).toBe('v | c; fwd=uri-miss; fwd-status=200; stored');
    expect(new Set(answers.slice(1))).toEqual(new Set(['v | c; fwd=miss; ttl=60; collapsed']));
    expect(asked).toHaveLength(1);
  });

  it('an answer that cannot be shared holds nobody up: as soon as its header is here, all go side by side', async () => {
    const { asked, crowd } = setUp();
    const all = crowd(5);
    await settle();
    // Its body is still on its way.
    const slow = handmade();
    asked[0]?.answer(page(slow.body, { 'cache-control': 'private, max-age=60' }));
    await settle();
    expect(asked).toHaveLength(5);
    for (const { answer } of asked.slice(1)) answer(page('own', { 'cache-control': 'private' }));
    expect((await Promise.all(all.slice(1))).every((text) => text.startsWith('own | '))).toBe(true);
    slow.close();
    await all[0];
  });

  it('nor does one that may be stored, but not given to others unasked', async () => {
    const { asked, crowd } = setUp();
    const all = crowd(3);
    await settle();
    const slow = handmade();
    asked[0]?.answer(page(slow.body, { 'cache-control': 'no-cache', etag: '"1"' }));
    await settle();
    expect(asked).toHaveLength(3);
    for (const { answer } of asked.slice(1)) answer(page('own', { 'cache-control': 'no-cache', etag: '"1"' }));
    expect((await Promise.all(all.slice(1))).every((text) => text.startsWith('own | '))).toBe(true);
    slow.close();
    await all[0];
  });

  it('and the URI is remembered: the next crowd does not wait at all, until an answer can be shared', async () => {
    const { asked, crowd } = setUp();
    const first = crowd(1);
    await settle();
    asked[0]?.answer(page('x', { 'cache-control': 'no-store' }));
    await Promise.all(first);
    const second = crowd(3);
    await settle();
    expect(asked).toHaveLength(4);
    for (const { answer } of asked.slice(1)) answer(page('x', { 'cache-control': 'max-age=1' }));
    await Promise.all(second);
    const third = setUp();
    const again = third.crowd(3);
    await settle();
    expect(third.asked).toHaveLength(1);
    third.asked[0]?.answer(page('x', { 'cache-control': 'max-age=1' }));
    await Promise.all(again);
  });

  it('after a shared answer the crowd waits again', async () => {
    const { asked, crowd, clock } = setUp();
    const first = crowd(1);
    await settle();
    asked[0]?.answer(page('x', { 'cache-control': 'no-store' }));
    await Promise.all(first);
    const second = crowd(1);
    await settle();
    asked[1]?.answer(page('x', { 'cache-control': 'max-age=1' }));
    await Promise.all(second);
    clock.pass(2);
    const third = crowd(3);
    await settle();
    expect(asked).toHaveLength(3);
    asked[2]?.answer(page('x', { 'cache-control': 'max-age=1' }));
    await Promise.all(third);
  });

  it('other variants collapse among themselves', async () => {
    const { asked, crowd } = setUp();
    const all = [...crowd(3, { 'accept-language': 'de' }), ...crowd(3, { 'accept-language': 'fr' })];
    await settle();
    expect(asked).toHaveLength(1);
    const fields = { 'cache-control': 'max-age=60', vary: 'accept-language' };
    asked[0]?.answer(page('de', fields));
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page('fr', fields));
    const answers = await Promise.all(all);
    expect(answers.map((text) => text.slice(0, 2))).toEqual(['de', 'de', 'de', 'fr', 'fr', 'fr']);
    expect(asked).toHaveLength(2);
  });

  it('a validation is one for all', async () => {
    const { asked, crowd, clock } = setUp();
    const first = crowd(1);
    await settle();
    asked[0]?.answer(page('v', { 'cache-control': 'max-age=60', etag: '"1"' }));
    await Promise.all(first);
    clock.pass(61);
    const second = crowd(4);
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page(null, { 'cache-control': 'max-age=60', etag: '"1"' }, 304));
    expect(await Promise.all(second)).toEqual([
      'v | c; fwd=stale; fwd-status=304; ttl=60; stored',
      ...Array<string>(3).fill('v | c; fwd=miss; ttl=60; collapsed'),
    ]);
  });

  it('who asks for the origin’s word does not take one given earlier', async () => {
    const { asked, crowd } = setUp();
    const first = crowd(1);
    await settle();
    asked[0]?.answer(page('v1', { 'cache-control': 'max-age=60', etag: '"1"' }));
    await Promise.all(first);
    const all = crowd(3, { 'cache-control': 'no-cache' });
    await settle();
    expect(asked).toHaveLength(4);
    for (const { answer } of asked.slice(1)) answer(page(null, { etag: '"1"' }, 304));
    await Promise.all(all);
  });

  it('a failure is one for the wave, and the next request tries again', async () => {
    const { asked, crowd } = setUp();
    const all = crowd(4);
    await settle();
    asked[0]?.fail(new Error('down'));
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    expect(asked).toHaveLength(1);
    const next = crowd(1);
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page('up', {}));
    await Promise.all(next);
  });

  it.each(['a failure', 'a 500'])('a wave that meets %s is answered stale, by one attempt', async (how) => {
    const { asked, crowd, clock } = setUp();
    const first = crowd(1);
    await settle();
    asked[0]?.answer(page('old', { 'cache-control': 'max-age=60, stale-if-error=60' }));
    await Promise.all(first);
    clock.pass(70);
    const all = crowd(3);
    await settle();
    if (how === 'a 500') asked[1]?.answer(page('down', {}, 500));
    else asked[1]?.fail(new Error('down'));
    const answers = await Promise.all(all);
    expect(answers.every((text) => text.startsWith('old | c; fwd=stale'))).toBe(true);
    expect(answers[1]).toBe('old | c; fwd=stale; ttl=-10; collapsed; detail=stale-if-error');
    expect(asked).toHaveLength(2);
  });

  it('a client that leaves takes nobody with it: another one goes', async () => {
    const { asked, cached, crowd } = setUp();
    const client = new AbortController();
    const leaving = cached(new Request(URI, { signal: client.signal }));
    await settle();
    const all = crowd(2);
    await settle();
    client.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page('v', { 'cache-control': 'max-age=60' }));
    expect((await Promise.all(all)).map((text) => text.slice(0, 1))).toEqual(['v', 'v']);
  });

  it('a client that leaves while it waits is told so at once, and leaves no timer', async () => {
    const { asked, cached, crowd, timers } = setUp();
    const all = crowd(1);
    await settle();
    const client = new AbortController();
    const leaving = cached(new Request(URI, { signal: client.signal }));
    await settle();
    expect(timers.waiting.size).toBe(1);
    client.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    expect(timers.waiting.size).toBe(0);
    asked[0]?.answer(page('v', {}));
    await Promise.all(all);
  });

  it('nobody waits longer than collapseMs', async () => {
    const { asked, crowd, timers } = setUp({ collapseMs: 250 });
    const all = crowd(3);
    await settle();
    expect([...timers.waiting.values()].map(({ delayMs }) => delayMs)).toEqual([250, 250]);
    timers.fire();
    await settle();
    expect(asked).toHaveLength(3);
    for (const { answer } of asked) answer(page('v', {}));
    await Promise.all(all);
    expect(timers.waiting.size).toBe(0);
  });

  it('a request that hangs is not waited for again: who comes later waits for the one that went in its stead', async () => {
    const { asked, crowd, timers } = setUp();
    const hanging = crowd(1);
    await settle();
    const late = crowd(1);
    await settle();
    timers.fire();
    await settle();
    const next = crowd(5);
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page('v', { 'cache-control': 'max-age=60' }));
    expect(await Promise.all(late)).toEqual(['v | c; fwd=uri-miss; fwd-status=200; stored']);
    expect(new Set(await Promise.all(next))).toEqual(new Set(['v | c; fwd=miss; ttl=60; collapsed']));
    asked[0]?.answer(page('old', { 'cache-control': 'max-age=60' }));
    await Promise.all(hanging);
  });

  it('with 0 nobody waits at all', async () => {
    const { asked, crowd } = setUp({ collapseMs: 0 });
    const all = crowd(3);
    await settle();
    expect(asked).toHaveLength(3);
    for (const { answer } of asked) answer(page('v', {}));
    await Promise.all(all);
  });

  it('an invalidation sends those who wait to the origin anew', async () => {
    const { asked, cached, crowd } = setUp();
    const early = crowd(2);
    await settle();
    cached.purge(URI);
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page('new', { 'cache-control': 'max-age=60' }));
    asked[0]?.answer(page('old', { 'cache-control': 'max-age=60' }));
    const answers = await Promise.all(early);
    expect(answers.map((text) => text.slice(0, 3))).toEqual(['old', 'new']);
    expect(await Promise.all(crowd(1))).toEqual(['new | c; hit; ttl=60']);
  });

  it('an answer that was asked for earlier does not replace one asked for later', async () => {
    const { asked, crowd, clock } = setUp({ collapseMs: 0 });
    const slow = crowd(1);
    await settle();
    clock.pass(1);
    const quick = crowd(1);
    await settle();
    asked[1]?.answer(page('new', { 'cache-control': 'max-age=60' }));
    await Promise.all(quick);
    asked[0]?.answer(page('old', { 'cache-control': 'max-age=60' }));
    await Promise.all(slow);
    expect((await Promise.all(crowd(1)))[0]).toMatch(/^new/);
  });
});

describe('streaming', () => {
  const fields = { 'cache-control': 'max-age=60' };

  it('the client reads as the origin writes; those who wait get it when it is whole', async () => {
    const { asked, cached, crowd } = setUp();
    const first = cached(get());
    await settle();
    const waiting = crowd(1);
    const { body, write, close } = handmade();
    asked[0]?.answer(page(body, fields));
    const reader = ((await first).body as ReadableStream<Uint8Array>).getReader();
    write('one');
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('one');
    write('two');
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('two');
    close();
    expect((await reader.read()).done).toBe(true);
    expect(await Promise.all(waiting)).toEqual(['onetwo | c; fwd=miss; ttl=60; collapsed']);
  });

  it('a client that reads slowly, or goes away, holds nobody up', async () => {
    for (const leaves of [false, true]) {
      const { asked, cached, crowd } = setUp();
      const first = cached(get());
      await settle();
      const waiting = crowd(1);
      const { body, write, close } = handmade();
      asked[0]?.answer(page(body, fields));
      const response = await first;
      write('one');
      if (leaves) await response.body?.cancel();
      for (let i = 0; i < 50; i++) write('x');
      close();
      expect((await Promise.all(waiting))[0]).toBe(`one${'x'.repeat(50)} | c; fwd=miss; ttl=60; collapsed`);
    }
  });

  it('a body above maxEntryBytes passes unstored, at the pace of its client', async () => {
    const { asked, cached, crowd } = setUp({ maxEntryBytes: 10_000 });
    const first = cached(get());
    await settle();
    const waiting = crowd(2);
    await settle();
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(to) {
          if (++pulled > 100) to.close();
          else to.enqueue(new Uint8Array(1000));
        },
      },
      { highWaterMark: 0 },
    );
    asked[0]?.answer(page(body, fields));
    const response = await first;
    await settle(20);
    // What may become an entry is read ahead, and one chunk to know that it does not.
    expect(pulled).toBe(11);
    expect(asked).toHaveLength(3);
    for (const { answer } of asked.slice(1)) answer(page('own', { 'cache-control': 'no-store' }));
    await Promise.all(waiting);
    expect((await response.arrayBuffer()).byteLength).toBe(100_000);
    expect(pulled).toBe(101);
    const after = crowd(1);
    await settle();
    expect(asked).toHaveLength(4);
    asked[3]?.answer(page('', {}));
    await Promise.all(after);
  });

  it('and its client’s leaving ends the transfer', async () => {
    const { asked, cached } = setUp({ maxEntryBytes: 5 });
    const first = cached(get());
    await settle();
    const { body, write, cancelled } = handmade();
    asked[0]?.answer(page(body, fields));
    const response = await first;
    write('more than five');
    await settle();
    await response.body?.cancel();
    await settle();
    expect(cancelled()).toBe(true);
  });

  it('even when the origin is silent', async () => {
    const { asked, cached } = setUp({ maxEntryBytes: 5 });
    const first = cached(get());
    await settle();
    const { body, write, cancelled } = handmade();
    asked[0]?.answer(page(body, fields));
    const reader = ((await first).body as ReadableStream<Uint8Array>).getReader();
    write('more than five');
    await reader.read();
    await settle();
    await reader.cancel();
    await settle();
    expect(cancelled()).toBe(true);
  });

  it('one that says so in Content-Length is not captured at all', async () => {
    const { asked, cached } = setUp({ maxEntryBytes: 10 });
    const first = cached(get());
    await settle();
    asked[0]?.answer(page('12345678901', { ...fields, 'content-length': '11' }));
    expect((await first).headers.get('cache-status')).toBe('c; fwd=uri-miss; fwd-status=200');
  });

  it.each(['cut off', 'shorter than Content-Length'])('a body that is %s is not stored', async (how) => {
    const { asked, cached, crowd } = setUp();
    const first = cached(get());
    await settle();
    const waiting = crowd(1);
    await settle();
    const { body, write, close, fail } = handmade();
    asked[0]?.answer(page(body, { ...fields, 'content-length': '10' }));
    const response = await first;
    write('12345');
    await settle();
    if (how === 'cut off') {
      fail();
      await expect(response.text()).rejects.toThrow('cut');
    } else {
      close();
      expect(await response.text()).toBe('12345');
    }
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page('1234567890', { ...fields, 'content-length': '10' }));
    expect((await Promise.all(waiting))[0]).toMatch(/^1234567890/);
    expect((await Promise.all(crowd(1)))[0]).toBe('1234567890 | c; hit; ttl=60');
  });

  it('a decoded body is stored, though its Content-Length is that of the coded one', async () => {
    const { asked, crowd } = setUp();
    const first = crowd(1);
    await settle();
    asked[0]?.answer(page('decoded', { ...fields, 'content-length': '3', 'content-encoding': 'gzip' }));
    await Promise.all(first);
    expect(await Promise.all(crowd(1))).toEqual(['decoded | c; hit; ttl=60']);
  });

  it('all bodies on their way together are bounded by maxBytes', async () => {
    const { asked, cached } = setUp({ maxBytes: 3000, collapseMs: 0 });
    const bodies = [handmade(), handmade()] as const;
    const responses = bodies.map(() => cached(get()));
    await settle();
    bodies.forEach(({ body }, i) => asked[i]?.answer(page(body, fields)));
    const open = await Promise.all(responses);
    bodies[0].write('x'.repeat(2000));
    await settle();
    bodies[1].write('y'.repeat(1500));
    bodies[1].write('y'.repeat(1500));
    await settle();
    for (const { close } of bodies) close();
    expect((await Promise.all(open.map((response) => response.text()))).map(({ length }) => length)).toEqual([
      2000, 3000,
    ]);
    expect(await (await cached(get())).text()).toBe('x'.repeat(2000));
  });

  it('what was captured is given back, stored or not', async () => {
    const { asked, cached, crowd } = setUp({ maxBytes: 3000, collapseMs: 0 });
    for (let i = 0; i < 6; i++) {
      const response = cached(get({ 'cache-control': 'no-cache' }));
      await settle();
      const { body, write, close, fail } = handmade();
      asked.at(-1)?.answer(page(body, fields));
      write('x'.repeat(1000));
      if (i % 3 === 0) fail();
      else if (i % 3 === 1) write('x'.repeat(3000));
      await settle();
      if (i % 3 !== 0) close();
      await (await response).text().catch(() => undefined);
    }
    expect((await Promise.all(crowd(1)))[0]).toMatch(/hit/);
  });

  it('what is stored never weighs more than maxBytes, headers and keys included', async () => {
    const { asked, cached } = setUp({ maxBytes: 4000 });
    const ask = async (uri: string, body: string, more: Fields = {}): Promise<string | null> => {
      const before = asked.length;
      const response = cached(new Request(uri));
      await settle();
      if (asked.length > before) asked.at(-1)?.answer(page(body, { ...fields, ...more }));
      await (await response).text();
      return (await response).headers.get('cache-status');
    };
    await ask('http://a.example/1', 'x'.repeat(1000));
    await ask('http://a.example/2', 'x'.repeat(1000));
    expect(await ask('http://a.example/1', '')).toMatch(/hit/);
    await ask('http://a.example/3', 'x'.repeat(1000));
    expect(await ask('http://a.example/1', '')).toMatch(/hit/);
    expect(await ask('http://a.example/2', 'x'.repeat(1000))).toMatch(/uri-miss/);
    // A header as large as the cache is not stored, and throws nothing else out.
    await ask('http://a.example/4', '', { 'x-huge': 'h'.repeat(70_000) });
    expect(await ask('http://a.example/4', '')).toMatch(/uri-miss/);
    expect(await ask('http://a.example/2', '')).toMatch(/hit/);
  });
});
