/** Servers and keys that every bench shares, and the rival with or without its cache of keys. */
import type HashRing from 'hashring';

/** Addresses, because hashring parses its servers as such. */
export const servers = (count: number, family = 0): string[] =>
  Array.from({ length: count }, (_, i) => `10.${family}.${i >> 8}.${i & 255}:6379`);

/** 65,536 different keys of 12 characters, in an order unrelated to their text, each a flat string. */
export function benchKeys(): string[] {
  const turned = (i: number): number => Math.imul(i, 40_503) & 0xffff;
  return Array.from({ length: 65_536 }, (_, i) =>
    Buffer.from(`user:${String(1_000_000 + turned(i))}`).toString('latin1'),
  );
}

/** Each key is answered by the search, as it is once the working set is larger than the cache. */
export function withoutCache(ring: HashRing): HashRing {
  ring.cache = { get: () => undefined, set: () => undefined, reset: () => undefined };
  return ring;
}

/** Throws unless the owners are exactly these servers: who leaves one out, or answers nothing, did not win. */
export function checkOwners(owners: Iterable<string | undefined>, expected: readonly string[]): void {
  const [found, wanted] = [new Set(owners), new Set<string | undefined>(expected)];
  if (found.size !== wanted.size || [...found].some((owner) => !wanted.has(owner))) {
    throw new Error(`the keys went to ${found.size} of ${wanted.size} servers`);
  }
}
