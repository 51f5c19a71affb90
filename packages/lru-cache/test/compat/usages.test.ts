import { readFileSync } from 'node:fs';
import type { LRUCache as Theirs } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import type { LRUCache as Ours } from '../../src/compat/index.ts';
import { use as useOurs } from './usages/of-compat.ts';
import { use as useTheirs } from './usages/of-lru-cache.ts';

/** Compiles only when each type accepts the other. */
function same<A, B>(..._proof: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]): true {
  return true;
}

describe('programs written against lru-cache', () => {
  it('compile against both: the two files differ in one line', () => {
    const text = (name: string): string => readFileSync(new URL(`usages/${name}.ts`, import.meta.url), 'utf8');
    const theirs = text('of-lru-cache');
    expect(text('of-compat')).toBe(theirs.replace("from 'lru-cache'", "from '../../../src/compat/index.ts'"));
    expect(theirs.match(/from 'lru-cache'/g)).toHaveLength(1);
  });

  it('answer the same', async () => {
    const told = await useOurs(() => 1000);
    expect(told).toEqual(await useTheirs(() => 1000));
    expect(told.length).toBeGreaterThan(20);
  });

  it('may hand callbacks, options and entries of one to the other', () => {
    expect(same<Ours.DisposeReason, Theirs.DisposeReason>()).toBe(true);
    expect(same<Ours.InsertReason, Theirs.InsertReason>()).toBe(true);
    expect(same<Ours.Disposer<string, Date>, Theirs.Disposer<string, Date>>()).toBe(true);
    expect(same<Ours.Inserter<string, Date>, Theirs.Inserter<string, Date>>()).toBe(true);
    expect(same<Ours.SizeCalculator<string, Date>, Theirs.SizeCalculator<string, Date>>()).toBe(true);
    expect(same<Ours.Entry<Date>, Theirs.Entry<Date>>()).toBe(true);
    expect(same<keyof Ours.OptionsBase<string, Date, unknown>, keyof Theirs.OptionsBase<string, Date, unknown>>()).toBe(
      true,
    );
    expect(same<keyof Ours.FetchOptions<string, Date, 1>, keyof Theirs.FetchOptions<string, Date, 1>>()).toBe(true);
    expect(same<keyof Ours.MemoOptions<string, Date, 1>, keyof Theirs.MemoOptions<string, Date, 1>>()).toBe(true);
    expect(same<keyof Ours.SetOptions<string, Date, 1>, keyof Theirs.SetOptions<string, Date, 1>>()).toBe(true);
    expect(same<keyof Ours.Status<string, Date>, keyof Theirs.Status<string, Date>>()).toBe(true);
    expect(same<Ours.Status<string, Date>['fetch'], Theirs.Status<string, Date>['fetch']>()).toBe(true);
    expect(same<Ours.Status<string, Date>['get'], Theirs.Status<string, Date>['get']>()).toBe(true);
    expect(same<keyof Ours<string, Date>, keyof Theirs<string, Date>>()).toBe(true);
  });
});
