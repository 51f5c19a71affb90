/**
 * The golden owners, computed by the built package inside a page.
 *
 * `golden.json` freezes what the source gives under Node; here the files that are published give it in a browser.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { goldenInputs, goldenKeys } from '../../../packages/consistent-hash/test/golden-cases.ts';
import type { GoldenInput } from '../../../packages/consistent-hash/test/golden-cases.ts';

interface Golden {
  readonly fingerprint?: string;
  readonly owners?: string;
  readonly replicas?: string;
}

const goldenFile = path.join(import.meta.dirname, '../../../packages/consistent-hash/test/golden.json');

/** Throws unless the page computes the golden owners, replicas and fingerprints. Returns what was compared. */
export async function checkGolden(page: Page): Promise<{ compared: string[]; skipped: string[] }> {
  const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Record<string, Golden>;
  const computed = await page.evaluate(computeInPage, { inputs: goldenInputs, keys: goldenKeys });
  for (const [name, got] of Object.entries(computed)) {
    const frozen = golden[name];
    assert.ok(frozen !== undefined, `golden.json has no case "${name}"`);
    const { fingerprint, owners, replicas } = frozen;
    assert.deepEqual(got, { fingerprint, owners, replicas }, `Chromium and golden.json disagree about "${name}"`);
  }
  return { compared: Object.keys(computed), skipped: Object.keys(golden).filter((name) => !(name in goldenInputs)) };
}

/** Runs in the page: everything that it needs comes as its argument or from the page's own server. */
async function computeInPage({
  inputs,
  keys,
}: {
  inputs: Readonly<Record<string, GoldenInput>>;
  keys: readonly string[];
}): Promise<Record<string, Golden>> {
  const url = '/vendor/consistent-hash/index.js';
  const lib = await import(url);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { maker, nodes, options, then = [] }]) => {
      let placement = lib[maker](nodes, options);
      for (const [method, ...args] of then) placement = placement[method](...args);
      const rank = new Map<string, number>(placement.nodes.map(({ id }: { id: string }, i: number) => [id, i]));
      const owners = keys.map((key) => rank.get(placement.locate(key).id)).join(' ');
      const replicas = keys
        .slice(0, 100)
        .map((key) =>
          placement
            .locateN(key, 3, { distinctBy: 'zone' })
            .slice(1)
            .map(({ id }: { id: string }) => rank.get(id))
            .join('-'),
        )
        .join(' ');
      return [name, { fingerprint: placement.fingerprint, owners, replicas }];
    }),
  );
}
