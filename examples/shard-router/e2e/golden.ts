/**
 * The golden owners, computed by the built package inside a page.
 *
 * `golden.json` freezes what the source gives under Node; here the files that are published give it in a browser. The
 * inputs are data (a maker, its arguments, the changes after it), so that they can cross into the page as JSON, and a
 * golden case without inputs here is named, not passed over.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { goldenKeys } from '../../../packages/consistent-hash/test/golden-cases.ts';

type Spec = string | { id: string; weight?: number; zone?: string };

interface Input {
  readonly maker: string;
  readonly nodes: readonly Spec[];
  readonly options?: Readonly<Record<string, number>>;
  /** Methods that each return the next placement. */
  readonly then?: readonly (readonly [method: string, ...args: unknown[]])[];
}

interface Golden {
  readonly fingerprint?: string;
  readonly owners?: string;
  readonly replicas?: string;
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${i}:6379`);

const inputs: Readonly<Record<string, Input>> = {
  'a, b, c': { maker: 'ring', nodes: ['a', 'b', 'c'] },
  '4 nodes x 8 points': { maker: 'ring', nodes: numbered(4), options: { vnodes: 8 } },
  'weights and zones': {
    maker: 'ring',
    nodes: [
      { id: 'żółw', weight: 2.5, zone: 'x' },
      { id: 'small', weight: 0.001, zone: 'y' },
      { id: '😀', zone: 'y' },
      { id: 'B', zone: 'x' },
      'a',
    ],
    options: { vnodes: 100 },
  },
  'a seed': { maker: 'ring', nodes: numbered(10), options: { seed: 0xdeadbeef, vnodes: 160 } },
  '100 nodes': { maker: 'ring', nodes: numbered(100) },
  'after changes': {
    maker: 'ring',
    nodes: numbered(10),
    then: [
      ['without', 'node-3:6379'],
      ['with', 'node-10:6379'],
      ['reweight', 'node-0:6379', 2],
    ],
  },
};

const goldenFile = path.join(import.meta.dirname, '../../../packages/consistent-hash/test/golden.json');

/** Throws unless the page computes the golden owners, replicas and fingerprints. Returns what was compared. */
export async function checkGolden(page: Page): Promise<{ compared: string[]; skipped: string[] }> {
  const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Record<string, Golden>;
  const computed = await page.evaluate(computeInPage, { inputs, keys: goldenKeys });
  for (const [name, got] of Object.entries(computed)) {
    const frozen = golden[name];
    assert.ok(frozen !== undefined, `golden.json has no case "${name}"`);
    const { fingerprint, owners, replicas } = frozen;
    assert.deepEqual(got, { fingerprint, owners, replicas }, `Chromium and golden.json disagree about "${name}"`);
  }
  return { compared: Object.keys(computed), skipped: Object.keys(golden).filter((name) => !(name in inputs)) };
}

/** Runs in the page: everything that it needs comes as its argument or from the page's own server. */
async function computeInPage({
  inputs,
  keys,
}: {
  inputs: Readonly<Record<string, Input>>;
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
