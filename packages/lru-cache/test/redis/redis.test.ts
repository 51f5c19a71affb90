import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { redisBus, redisTier, type RedisCall, type RedisSubscriber } from '../../src/redis/index.ts';
import * as scripts from '../../src/redis/scripts.ts';
import type { Invalidation } from '../../src/tiered/index.ts';
import { drain } from '../tiered/world.ts';

describe('scripts', () => {
  it.each(Object.entries(scripts))('%s is called by the sum of its text', (_, { text, sha }) => {
    expect(sha).toBe(createHash('sha1').update(text).digest('hex'));
  });
});

describe('redisTier', () => {
  /** A client that writes down what it was told, and answers in turn. */
  function recorder(...answers: unknown[]): { call: RedisCall; sent: string[][]; keys: (string | undefined)[] } {
    const [sent, keys]: [string[][], (string | undefined)[]] = [[], []];
    return {
      sent,
      keys,
      call: async (args, key) => {
        sent.push([...args]);
        keys.push(key);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
  }

  it('sends the text of a script to a server that does not know it, and passes on every other error', async () => {
    const { call, sent } = recorder(new Error('NOSCRIPT No matching script.'), ['f', 0, 1], new Error('OOM'));
    const tier = redisTier(call);
    expect(await tier.read('k', 10)).toEqual({ kind: 'miss', fence: 'f', leader: true });
    expect(sent.map(([command]) => command)).toEqual(['EVALSHA', 'EVAL']);
    expect(sent[1]![1]).toBe(scripts.READ.text);
    expect(sent[1]!.slice(2)).toEqual(sent[0]!.slice(2));
    await expect(tier.read('k', 10)).rejects.toThrow('OOM');
  });

  it('names its keys in one slot each, whatever is in them, and no two the same', async () => {
    const { call, sent, keys } = recorder();
    const tier = redisTier(call, { prefix: 'p:' });
    const names = ['k', '', '%', '{a}', '}{', '%7b', 'a:f'];
    await tier.remove(names);
    expect(sent[0]).toEqual(['DEL', 'p:{k}', 'p:{k}:f', 'p:{k}:l']);
    const tags = sent.flatMap(([, ...all]) => all.map((name) => /^p:\{([^{}]+)\}(:[fl])?$/.exec(name)?.[1]));
    expect(tags).not.toContain(undefined);
    expect(new Set(tags).size).toBe(names.length);
    expect(keys).toEqual(sent.map(([, first]) => first));
  });

  it('whole milliseconds, 1 at least, written in digits', async () => {
    const { call, sent } = recorder(1, 1, 1, 1);
    const tier = redisTier(call);
    for (const ms of [0.2, 1.9, 1e12, 1e21]) await tier.fill('k', 'v', ms, 'f');
    expect(sent.map((words) => words.at(-2))).toEqual(['1', '1', '1000000000000', '9007199254740991']);
  });

  it('integers may come as strings, text must not come as bytes, and a value whose end was taken away has none', async () => {
    const { call } = recorder(['v', '12'], ['v', -1], ['f', '0', '0'], [Buffer.from('v'), 1], '1');
    const tier = redisTier(call);
    expect(await tier.read('k', 10)).toEqual({ kind: 'hit', value: 'v', remainingMs: 12 });
    expect(await tier.read('k', 10)).toEqual({ kind: 'hit', value: 'v', remainingMs: Infinity });
    expect(await tier.read('k', 10)).toEqual({ kind: 'miss', fence: 'f', leader: false });
    await expect(tier.read('k', 10)).rejects.toThrow(/must answer text as strings/);
    expect(await tier.fill('k', 'v', 1, 'f')).toBe(true);
  });

  it('refuses what it cannot be', () => {
    const { call } = recorder();
    expect(() => redisTier(1 as never)).toThrow(/call must be a function/);
    expect(() => redisTier(call, { prefix: 'a{b' })).toThrow(/prefix must be without braces; got a{b/);
    expect(() => redisTier(call, { fenceMs: NaN })).toThrow(/fenceMs must be .* got NaN/);
  });
});

describe('redisBus', () => {
  const message: Invalidation = { v: 1, sender: 'a', seq: 3, keys: ['k'] };

  interface Fake {
    readonly subscriber: RedisSubscriber;
    readonly seen: unknown[];
    say(text: string): void;
    state(up: boolean): void;
    failing: boolean;
    stopped: number;
  }

  function fake(): Fake {
    let [on, onState]: [(text: string) => void, (up: boolean) => void] = [() => undefined, () => undefined];
    const self: Fake = {
      seen: [],
      failing: false,
      stopped: 0,
      say: (text) => on(text),
      state: (up) => onState(up),
      subscriber: {
        subscribe: async (channel, text, state) => {
          self.seen.push(channel);
          if (self.failing) throw new Error('no connection');
          [on, onState] = [text, state];
          return async () => self.stopped++;
        },
      },
    };
    return self;
  }
  const silent: RedisCall = async () => 1;

  it('what is no message means that everything may have changed', async () => {
    const [f, heard]: [Fake, Invalidation[]] = [fake(), []];
    redisBus(silent, f.subscriber).subscribe(
      (m) => heard.push(m),
      () => undefined,
    );
    await drain();
    f.say(JSON.stringify(message));
    f.say(JSON.stringify({ v: 1, sender: 'a', seq: 4, beat: true }));
    expect(heard).toEqual([message, { v: 1, sender: 'a', seq: 4, beat: true }]);
    const odd = ['', 'null', '7', '[]', '{"v":2,"sender":"a","seq":1,"beat":true}', '{"v":1,"sender":"a","seq":1}'];
    odd.push('{"v":1,"sender":"a","seq":1,"keys":[1]}', '{"v":1,"sender":"a","seq":1.5,"all":true}');
    odd.push('{"v":1,"seq":1,"all":true}', '{"v":1,"sender":"a","seq":1,"tags":"t"}');
    for (const text of odd) {
      f.say(text);
      expect(heard.at(-1), text).toEqual({ v: 1, sender: '', seq: 0, all: true });
    }
  });

  it('a subscription that fails is tried again with each message, until it stands or is ended', async () => {
    const f = fake();
    f.failing = true;
    const states: boolean[] = [];
    const bus = redisBus(silent, f.subscriber, { channel: 'c' });
    const end = bus.subscribe(
      () => undefined,
      (up) => states.push(up),
    );
    await drain();
    await bus.publish(message);
    await drain();
    f.failing = false;
    await bus.publish(message);
    await bus.publish(message);
    await drain();
    expect(f.seen).toEqual(['c', 'c', 'c']);
    expect(states).toEqual([false, false, true]);
    f.state(false);
    expect(states).toEqual([false, false, true, false]);
    end();
    f.state(true);
    expect(states).toHaveLength(4);
    await bus.publish(message);
    expect(f.seen).toHaveLength(3);
    expect(f.stopped).toBe(1);
  });

  it('ended before it stood, it is ended when it stands', async () => {
    const f = fake();
    const heard: unknown[] = [];
    redisBus(silent, f.subscriber).subscribe(
      (m) => heard.push(m),
      (up) => heard.push(up),
    )();
    await drain();
    expect(f.stopped).toBe(1);
    f.say('x');
    expect(heard).toEqual([]);
  });

  it('publish rejects when the client does', async () => {
    const bus = redisBus(() => Promise.reject(new Error('no connection')), fake().subscriber);
    await expect(bus.publish(message)).rejects.toThrow('no connection');
  });
});
