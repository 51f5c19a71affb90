/** What the checker must catch, by name, and what it must let pass. */
import { describe, expect, test } from 'vitest';
import { Checker } from '../src/load/checker.ts';

const key = 'row:1';

/** A checker, and operations on one row that end as soon as they begin. */
function oneRow(): {
  checker: Checker;
  set: () => number;
  remove: () => void;
  read: (version?: number) => boolean;
} {
  const checker = new Checker();
  return {
    checker,
    set: () => {
      const write = checker.begin('set', key);
      checker.acknowledge(write);
      return write.version;
    },
    remove: () => checker.acknowledge(checker.begin('delete', key)),
    read: (version) => checker.endRead(checker.beginRead(key), version),
  };
}

describe('caught', () => {
  test('an acknowledged row is absent: lost', () => {
    const { checker, set, read } = oneRow();
    set();
    expect(read()).toBe(false);
    expect(checker.violations).toEqual({ lost: 1, stale: 0, resurrected: 0 });
    expect(checker.reports).toEqual(['lost: row:1 read as absent; possible: set 1']);
  });

  test('an acknowledged write is followed by the value before it: stale', () => {
    const { checker, set, read } = oneRow();
    const first = set();
    set();
    expect(read(first)).toBe(false);
    expect(checker.violations.stale).toBe(1);
  });

  test('an acknowledged delete is followed by the row: resurrected', () => {
    const { checker, set, remove, read } = oneRow();
    const version = set();
    remove();
    expect(read(version)).toBe(false);
    expect(checker.violations.resurrected).toBe(1);
  });

  test('a value that nobody wrote, or that is of another row', () => {
    const { set, read } = oneRow();
    set();
    expect([read(2), read(NaN)]).toEqual([false, false]);
  });

  test('a read goes back behind what an earlier read saw, though no write was acknowledged', () => {
    const { checker, set, read } = oneRow();
    const first = set();
    const { version } = checker.begin('set', key);
    expect([read(first), read(version), read(first)]).toEqual([true, true, false]);
  });

  test('a write that was refused takes effect', () => {
    const { checker, set, read } = oneRow();
    set();
    const refused = checker.begin('set', key);
    checker.refuse(refused);
    expect(read(refused.version)).toBe(false);
  });

  test('a write of a dead client takes effect after its death was certain and a later write was acknowledged', () => {
    const { checker, set, read } = oneRow();
    const orphan = checker.begin('set', key);
    checker.settle(orphan);
    set();
    expect(read(orphan.version)).toBe(false);
  });
});

describe('let pass', () => {
  test('a read beside a write may see either; the next one may not go back', () => {
    const { checker, set } = oneRow();
    const first = set();
    const write = checker.begin('set', key);
    const [one, other] = [checker.beginRead(key), checker.beginRead(key)];
    checker.acknowledge(write);
    expect([checker.endRead(one, write.version), checker.endRead(other, first)]).toEqual([true, true]);
  });

  test('a write whose outcome nobody heard may appear late, once', () => {
    const { checker, set, read } = oneRow();
    const orphan = checker.begin('set', key);
    const later = set();
    expect([read(later), read(orphan.version), read(later)]).toEqual([true, true, false]);
  });

  test('a read that failed is no evidence, and holds nothing back', () => {
    const { checker, set, read } = oneRow();
    checker.dropRead(checker.beginRead(key));
    expect(read(set())).toBe(true);
    expect(checker.exists(key)).toBe(true);
  });
});

test('what no read can see any more is forgotten', () => {
  const { checker, set, remove, read } = oneRow();
  for (let i = 0; i < 1000; i++) {
    const version = set();
    if (i % 10 === 0) remove();
    else expect(read(version)).toBe(true);
  }
  expect(checker.exists(key)).toBe(true);
  remove();
  expect(checker.exists(key)).toBe(false);
});
