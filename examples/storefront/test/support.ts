/** What the tests share: folders that go away, a small made-up node_modules, and waiting without a clock. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** A new folder under the system's temporary one; it goes away with the test file. */
export async function newDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'storefront-'));
  made.push(dir);
  return dir;
}

const made: string[] = [];
afterAll(async () => {
  for (const dir of made) await rm(dir, { recursive: true, force: true });
});

/** Asks until the answer is neither undefined nor false; gives up after a time no machine needs. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const giveUpAt = performance.now() + 45_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface Made {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly readme?: string;
  readonly [field: string]: unknown;
}

/** Writes packages below `nodeModules`, each with a manifest and, if given, a README. */
export async function makePackages(nodeModules: string, packages: readonly Made[]): Promise<string> {
  for (const { readme, ...manifest } of packages) {
    const dir = path.join(nodeModules, manifest.name);
    await mkdir(dir, { recursive: true });
    await writeFile(path.join(dir, 'package.json'), JSON.stringify({ version: '1.0.0', ...manifest }));
    if (readme !== undefined) await writeFile(path.join(dir, 'README.md'), readme);
  }
  return nodeModules;
}

/** Some dozens of ordinary products: enough for each of four shards to have some. */
export const ordinary: readonly Made[] = Array.from({ length: 40 }, (_, i) => ({
  name: i % 5 === 0 ? `@tools/part-${i}` : `part-${i}`,
  description: `Part number ${i} of a small shop`,
  readme: `# part-${i}\n\nA parser for things of kind ${i}.\n`,
}));

/** mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
