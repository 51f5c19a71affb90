import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { createLimiter, gcra, type Limiter, type SyncLimiter } from '../../src/index.ts';
import { manualClock, manualTimers } from '../../src/testing/index.ts';
import { guardMessages, type MessageOptions } from '../../src/ws/index.ts';
import { HELD_MAX } from '../../src/ws/guard-messages.ts';
import { later, until } from '../http/support.ts';

const limiterOf = (burst: number, perMs: number = 1_000_000): SyncLimiter =>
  createLimiter({ limits: gcra({ rate: burst, perMs, burst }), clock: manualClock() });

/** A socket of the test's own, for time and orders of events that a real one does not let us choose. */
class FakeSocket extends EventEmitter {
  paused = false;
  closed: number | undefined;
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  close(code: number): void {
    this.closed = code;
  }
  message(text: string): void {
    this.emit('message', Buffer.from(text), false);
  }
}

const both: [string, (limiter: SyncLimiter) => Limiter][] = [
  ['at once', (limiter) => limiter],
  ['later', (limiter) => later(limiter)],
];

describe.each(both)('messages of a real WebSocket (limiter answers %s)', (_, wrap) => {
  let server: WebSocketServer | undefined;
  afterEach(() => {
    server?.clients.forEach((client) => client.terminate());
    server?.close();
  });

  async function connected(options: Omit<MessageOptions, 'key'>): Promise<{ client: WebSocket; received: string[] }> {
    const received: string[] = [];
    const listening = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server = listening;
    listening.on('connection', (ws) => {
      guardMessages<RawData>(ws, { ...options, key: 'k' }, (data) => received.push((data as Buffer).toString()));
    });
    await once(listening, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(listening.address() as AddressInfo).port}`);
    await once(client, 'open');
    return { client, received };
  }
  const send = (client: WebSocket, texts: readonly string[]): void => texts.forEach((text) => client.send(text));

  it("'drop' ignores what does not fit", async () => {
    const limiter = limiterOf(2);
    const { client, received } = await connected({ limiter: wrap(limiter), onExcess: 'drop' });
    send(client, ['a', 'b', 'c', 'd']);
    await until(() => limiter.stats().rejected === 2);
    expect(received).toEqual(['a', 'b']);
    expect(client.readyState).toBe(WebSocket.OPEN);
  });

  it("'close' closes as a policy violation", async () => {
    const { client, received } = await connected({ limiter: wrap(limiterOf(2)), onExcess: 'close' });
    send(client, ['a', 'b', 'c', 'd']);
    expect((await once(client, 'close'))[0]).toBe(1008);
    expect(received).toEqual(['a', 'b']);
  });

  it("'pause' delivers all, in order", async () => {
    const limiter = createLimiter({ limits: gcra({ rate: 10, perMs: 20, burst: 3 }) });
    const { client, received } = await connected({ limiter: wrap(limiter), onExcess: 'pause' });
    const texts = Array.from({ length: 40 }, (__, i) => String(i));
    send(client, texts);
    await until(() => received.length === texts.length);
    expect(received).toEqual(texts);
    expect(limiter.stats().rejected).toBeGreaterThan(0);
  });

  it('counts bytes, and closes as too big what could never fit', async () => {
    const limiter = limiterOf(10);
    const { client, received } = await connected({ limiter: wrap(limiter), cost: 'bytes', onExcess: 'pause' });
    send(client, ['abcdef', 'ghij']);
    await until(() => received.length === 2);
    expect(limiter.takeSync('k').allowed).toBe(false);
    client.send('x'.repeat(11));
    expect((await once(client, 'close'))[0]).toBe(1009);
  });
});

describe('guardMessages', () => {
  it('closes after so many refusals in a row', () => {
    const clock = manualClock();
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000 }), clock });
    const ws = new FakeSocket();
    guardMessages(ws, { limiter, key: 'k', onExcess: 'drop', closeAfter: 3 }, () => undefined);
    for (let i = 0; i < 3; i++) ws.message('x');
    clock.advance(1000);
    for (let i = 0; i < 3; i++) ws.message('x');
    expect(ws.closed).toBeUndefined();
    ws.message('x');
    expect(ws.closed).toBe(1008);
    expect(ws.eventNames()).toEqual([]);
  });

  it('counts fragments by their bytes, and an empty message as one', () => {
    const limiter = limiterOf(9);
    const ws = new FakeSocket();
    guardMessages(ws, { limiter, key: 'k', cost: 'bytes', onExcess: 'drop' }, () => undefined);
    ws.emit('message', [Buffer.from('ab'), Buffer.from('c')], true);
    ws.emit('message', new ArrayBuffer(4), true);
    ws.emit('message', Buffer.alloc(0), true);
    expect(limiter.takeSync('k', 1).remaining).toBe(0);
  });

  it('holds no more than its bound while one waits', () => {
    const timers = manualTimers();
    const ws = new FakeSocket();
    guardMessages(ws, { limiter: limiterOf(1), key: 'k', onExcess: 'pause', timers }, () => undefined);
    for (let i = 0; i <= HELD_MAX; i++) ws.message('x');
    expect(ws).toMatchObject({ paused: true, closed: undefined });
    ws.message('x');
    expect(ws).toMatchObject({ paused: false, closed: 1008 });
    expect(timers.pending).toBe(0);
  });

  it.each(['the function returned', 'the closing of the socket'])('%s ends all of it', async (way) => {
    const timers = manualTimers();
    const ws = new FakeSocket();
    const received: string[] = [];
    const options = { key: 'k', onExcess: 'pause', timers } as const;
    const stop = guardMessages(ws, { ...options, limiter: limiterOf(1) }, (data) => received.push(String(data)));
    const slow = guardMessages(ws, { ...options, limiter: later(limiterOf(1)) }, (data) => received.push(String(data)));
    ws.message('a');
    ws.message('b');
    expect(ws.paused).toBe(true);
    if (way === 'the closing of the socket') ws.emit('close');
    else [stop, slow, stop].forEach((end) => end());
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(received).toEqual(['a']);
    expect(ws).toMatchObject({ paused: false });
    expect(timers.pending).toBe(0);
    expect(ws.eventNames()).toEqual([]);
  });

  it('goes on after a listener that throws', async () => {
    const timers = manualTimers();
    const ws = new FakeSocket();
    const received: string[] = [];
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 100 }), clock: timers.clock });
    guardMessages(ws, { limiter, key: 'k', onExcess: 'pause', timers }, (data) => {
      received.push(String(data));
      if (String(data) !== 'c') throw new Error(`no ${String(data)}`);
    });
    expect(() => ws.message('a')).toThrow('no a');
    ws.message('b');
    ws.message('c');
    await expect(timers.advance(100)).rejects.toThrow('no b');
    await timers.advance(300);
    expect(received).toEqual(['a', 'b', 'c']);
    expect(ws.paused).toBe(false);
  });

  it("'pause' delivers every message once and in order, 'drop' as many as the limit allows, whatever the arrivals", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(40), { minLength: 1, maxLength: 60 }),
        fc.constantFrom('pause' as const, 'drop' as const),
        fc.boolean(),
        async (gapsMs, onExcess, answersLater) => {
          const timers = manualTimers();
          const { clock } = timers;
          const ws = new FakeSocket();
          const received: number[] = [];
          const limits = gcra({ rate: 1, perMs: 20, burst: 2 });
          const limiter = createLimiter({ limits, clock });
          const given = answersLater ? later(limiter) : limiter;
          guardMessages(ws, { limiter: given, key: 'k', onExcess, timers }, (data) => received.push(Number(data)));
          const model = createLimiter({ limits, clock });
          const expected: number[] = [];
          for (const [i, gapMs] of gapsMs.entries()) {
            await timers.advance(gapMs);
            await new Promise((resolve) => setImmediate(resolve));
            if (onExcess === 'pause' || model.tryTakeSync('k')) expected.push(i);
            ws.message(String(i));
            await new Promise((resolve) => setImmediate(resolve));
          }
          for (let i = 0; i < 200 && received.length < expected.length; i++) {
            await timers.advance(20);
            await new Promise((resolve) => setImmediate(resolve));
          }
          expect(received).toEqual(expected);
          expect(ws).toMatchObject({ paused: false, closed: undefined });
        },
      ),
    );
  });

  it.each([
    [{ key: '' }, /key must have/],
    [{ cost: 'words' }, /cost must be one of/],
    [{ onExcess: 'ignore' }, /onExcess must be one of/],
    [{ closeAfter: 0 }, /closeAfter must be an integer in 1/],
  ])('refuses %o', (wrong, message) => {
    const options = { limiter: limiterOf(1), key: 'k', onExcess: 'drop', ...wrong } as MessageOptions;
    expect(() => guardMessages(new FakeSocket(), options, () => undefined)).toThrow(message);
  });
});
