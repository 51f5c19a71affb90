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

export { until } from '@loadbearing-examples/page-kit/testing/until.ts';

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

export { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
