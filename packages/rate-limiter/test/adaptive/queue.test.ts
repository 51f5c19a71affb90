import { describe, expect, it } from 'vitest';
import { ClassQueue, type Waiting } from '../../src/adaptive/queue.ts';

const waiting = (level: number, sinceMs: number): Waiting => ({
  level,
  sinceMs,
  queued: false,
  previous: undefined,
  next: undefined,
});

describe('a queue of classes', () => {
  it('when full, makes room by the newest of the lowest class below the arrival', () => {
    const queue = new ClassQueue<Waiting>(3, 4, 100);
    const [older, newer, middle] = [waiting(2, 1), waiting(2, 2), waiting(1, 3)];
    for (const one of [older, newer, middle, waiting(0, 4)]) expect(queue.offer(one)).toBeUndefined();
    expect(queue.offer(waiting(0, 5))).toBe(newer);
    expect(queue.offer(waiting(0, 6))).toBe(older);
    expect(queue.offer(waiting(0, 7))).toBe(middle);
    const last = waiting(0, 8);
    expect(queue.offer(last)).toBe(last);
    expect(queue.length).toBe(4);
  });
  it('sheds by age whoever is the oldest, of whatever class', () => {
    const queue = new ClassQueue<Waiting>(2, 9, 100);
    const [high, low, lower] = [waiting(0, 20), waiting(1, 10), waiting(1, 30)];
    for (const one of [low, high, lower]) queue.offer(one);
    expect(queue.expiresMs()).toBe(110);
    expect(queue.expire(109)).toBeUndefined();
    expect(queue.expire(500)).toBe(low);
    expect(queue.expire(500)).toBe(high);
    expect(queue.expire(500)).toBe(lower);
    expect(queue.expire(500)).toBeUndefined();
    expect(queue.expiresMs()).toBeUndefined();
  });
  it('lets the oldest of the highest class go first, and forgets who left from the middle', () => {
    const queue = new ClassQueue<Waiting>(2, 9, 100);
    const [low, first, second, third] = [waiting(1, 1), waiting(0, 2), waiting(0, 3), waiting(0, 4)];
    for (const one of [low, first, second, third]) queue.offer(one);
    expect(queue.remove(second)).toBe(true);
    expect(queue.remove(second)).toBe(false);
    const order: unknown[] = [];
    for (let next = queue.first(); next !== undefined; next = queue.first()) {
      order.push(next);
      queue.remove(next);
    }
    expect(order).toEqual([first, third, low]);
    expect(queue.length).toBe(0);
  });
});
