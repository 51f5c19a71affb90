import { describe, expect, it } from 'vitest';
import { redisSlot, redisSlotHash } from '../src/compat/redis-slot.ts';
import { slots } from '../src/slots.ts';
import redis from './vectors/redis-keyslot.json' with { type: 'json' };

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('redisSlot', () => {
  it('is the slot that redis-server names, for strings and for bytes', () => {
    expect(redis.keys).toHaveLength(10_021);
    expect(redis.keys.map((key) => redisSlot(key))).toEqual(redis.slot);
    expect(redis.keys.map((key) => redisSlot(encode(key)))).toEqual(redis.slot);
  });

  it('hashes a tag of characters beyond ASCII, alone and from a key longer than the scratch buffer', () => {
    expect(redisSlot('{żółć}x')).toBe(redisSlot('żółć'));
    expect(redisSlot(`${'é'.repeat(30_000)}{foo}`)).toBe(redisSlot('foo'));
    expect(redisSlot(`{foo}${'é'.repeat(30_000)}`)).toBe(redisSlot('foo'));
  });

  it.each([1, null, undefined, {}, ['k']])('refuses %o as a key', (key) => {
    expect(() => redisSlot(key as string)).toThrow(/a key must be a string or a Uint8Array/);
    expect(() => redisSlotHash.hash(key as string, 0)).toThrow(TypeError);
  });
});

describe('redisSlotHash', () => {
  it('makes the slots of a slot map those of Redis Cluster', () => {
    const cluster = slots(['a', 'b', 'c'], { hash: redisSlotHash, count: 16_384 });
    expect(redis.keys.map((key) => cluster.slotOf(key))).toEqual(redis.slot);
  });

  it('takes no notice of a seed, as Redis has none', () => {
    expect(redisSlotHash.hash('foo', 7)).toBe(redisSlotHash.hash('foo', 0));
  });
});
