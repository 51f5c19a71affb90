/** Which shards a change leads to. Pure. */
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import type { ChangeShards } from './feed.ts';

const shardsMax = 12;

export const nameOf = (number: number): string => `shard-${number}`;

/** shard-2 before shard-10. */
export const byName = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1);

/** A new shard gets the first free name; without an id, the last one leaves. Throws Refusal 400. */
export function goalOf(ids: readonly string[], { action, id }: ChangeShards): string[] {
  if (action === 'add') {
    const free = Array.from({ length: shardsMax }, (_, i) => nameOf(i + 1)).find((name) => !ids.includes(name));
    if (free === undefined) throw new Refusal(400, `There are ${shardsMax} shards; no more.`);
    return [...ids, free];
  }
  const leaving = id ?? ids.toSorted(byName).at(-1)!;
  if (!ids.includes(leaving)) throw new Refusal(400, `There is no shard ${JSON.stringify(leaving.slice(0, 40))}.`);
  if (ids.length === 1) throw new Refusal(400, 'The last shard stays.');
  return ids.filter((other) => other !== leaving);
}
