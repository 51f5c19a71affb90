import { readFileSync, symlinkSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generatedParts } from '../generated.ts';
import { renderPackages } from '../package-table.ts';
import { WorkspaceFixture, page } from '../../test/workspace-fixture.ts';

let workspace: WorkspaceFixture;
const readme = (): string => readFileSync(path.join(workspace.root, 'README.md'), 'utf8');
const figures = { rival: { median: 3.2, min: 3, max: 3.5 } };
const results = {
  topic: 'open',
  title: 'open()',
  kind: 'time',
  rival: 'rival',
  contenders: ['ours', 'rival'],
  rounds: 5,
  node: 20,
  cpus: 2,
  cases: [{ name: 'small', figures }],
};

beforeEach(() => {
  workspace = new WorkspaceFixture();
  workspace.write('README.md', '# Root\n\n<!-- packages -->\n<!-- /packages -->\n\nAfter.\n');
});
afterEach(() => workspace.remove());

function addBench(): void {
  workspace.write('packages/box/README.md', '# Box\n\n<!-- bench:open -->\n<!-- /bench:open -->\n');
  workspace.write('packages/box/bench/package.json', '{"type":"module"}');
  workspace.write(
    'packages/box/bench/open.bench.ts',
    "import { defineBench } from '@loadbearing/bench-kit';\nexport default defineBench({ topic: 'open', title: 'open()', rival: 'rival', kind: 'time', cases: [{ name: 'small' }], contenders: { ours: () => ({ operations: 1, run: () => 1 }), rival: () => ({ operations: 1, run: () => 1 }) } });\n",
  );
  workspace.write('packages/box/bench/results/open.json', JSON.stringify(results));
  const scope = path.join(workspace.root, 'packages/box/bench/node_modules/@loadbearing');
  mkdirSync(scope, { recursive: true });
  symlinkSync(path.join(import.meta.dirname, '..', '..', 'bench-kit'), path.join(scope, 'bench-kit'), 'dir');
}

describe('the generated parts', () => {
  it('are stale before they are written, and fresh after', async () => {
    addBench();
    const before = readme();
    const stale = await generatedParts(workspace.root, { write: false });
    expect(stale).toEqual([
      expect.stringContaining('the table of packages is stale'),
      expect.stringContaining('bench open'),
    ]);
    expect(readme()).toBe(before);
    expect(await generatedParts(workspace.root, { write: true })).toEqual([]);
    expect(await generatedParts(workspace.root, { write: false })).toEqual([]);
    expect(readme()).toMatch(
      /\| \[@demo\/box\]\(packages\/box\) +\| A box \\\| with a lid +\| +0\.1 kB +\| 3\.20× rival \(open\(\), small\) +\|[^]*After\.\n$/,
    );
    expect(readFileSync(path.join(workspace.root, 'packages/box/README.md'), 'utf8')).toContain('3.20× (3.00 to 3.50)');
  });
  it('are stale when a bench table was edited by hand', async () => {
    addBench();
    await generatedParts(workspace.root, { write: true });
    const file = path.join(workspace.root, 'packages/box/README.md');
    workspace.write('packages/box/README.md', readFileSync(file, 'utf8').replace('3.20×', '4.20×'));
    expect(await generatedParts(workspace.root, { write: false })).toEqual([
      expect.stringContaining('packages/box/README.md: bench open'),
    ]);
  });
  it('are stale when the code grew by more than 0.1 kB', async () => {
    await generatedParts(workspace.root, { write: true });
    const noise = Array.from({ length: 200 }, (_, i) => Math.imul(i + 1, 2654435761).toString(36)).join();
    workspace.write('packages/box/dist/index.js', `export const noise = '${noise}';\n`);
    expect(await generatedParts(workspace.root, { write: false })).toHaveLength(1);
  });
  it.each([
    ['has no block', '# Root\n'],
    ['is empty', page('')],
  ])('are refused when the README %s', async (_, text) => {
    workspace.write('README.md', text);
    expect(await generatedParts(workspace.root, { write: true })).toEqual([
      expect.stringContaining('no <!-- packages -->'),
    ]);
  });
});

describe('a size in the table', () => {
  const row = { name: '@demo/box', folder: 'packages/box', description: 'Box', measured: '' };
  it('is kept while the measured one is within 0.1 kB of it, so that another machine agrees', async () => {
    const table = await renderPackages([{ ...row, sizeBytes: 2349 }], '');
    expect(table).toContain('2.3 kB');
    expect(await renderPackages([{ ...row, sizeBytes: 2351 }], table)).toBe(table);
    expect(await renderPackages([{ ...row, sizeBytes: 2451 }], table)).toContain('2.5 kB');
  });
});

describe('a figure in prose', () => {
  const prose = (number: string): string => `Faster: <!-- figure box/open/small -->${number}<!-- /figure -->.\n`;
  const docs = (): string => readFileSync(path.join(workspace.root, 'docs/index.md'), 'utf8');
  it('is stale until it says what the bench says', async () => {
    addBench();
    workspace.write('docs/index.md', prose('9.99×'));
    expect(await generatedParts(workspace.root, { write: false })).toContainEqual(
      expect.stringContaining('docs/index.md: a figure is stale'),
    );
    expect(await generatedParts(workspace.root, { write: true })).toEqual([]);
    expect(docs()).toBe(prose('3.20×'));
    expect(await generatedParts(workspace.root, { write: false })).toEqual([]);
  });
  it('that no bench has is a fault, and stays as it is', async () => {
    workspace.write('docs/index.md', prose('1'));
    expect(await generatedParts(workspace.root, { write: true })).toEqual([
      'docs/index.md: no bench has the figure box/open/small',
    ]);
    expect(docs()).toBe(prose('1'));
  });
});
