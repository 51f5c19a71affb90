import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkspaceFixture, page } from '../../test/workspace-fixture.ts';
import { publishedPackages, readManifest } from '../../workspace.ts';
import { checkEntryTypes } from '../check-types.ts';
import type { ParsedFiles } from '../check-types.ts';
import { consume } from '../consume.ts';
import { optionalPeers, subpathsOf } from '../subpaths.ts';
import { checkEntries, checkFirstExample } from '../use.ts';

const example = page(
  '# Box',
  '~~~ts',
  "import assert from 'node:assert';",
  "import { Box } from '@demo/box';",
  'const box: Box<number> = new Box(await Promise.resolve(1));',
  'assert.equal(box.open(), 1);',
  '~~~',
);

let workspace: WorkspaceFixture;
beforeEach(() => {
  workspace = new WorkspaceFixture();
  workspace.write('packages/box/README.md', example);
});
afterEach(() => {
  vi.unstubAllEnvs();
  workspace.remove();
});

describe('the subpaths of a package', () => {
  const manifest = { name: '@demo/box', version: '1.0.0' };
  it('are the keys of exports as specifiers, code and JSON apart', () => {
    expect(subpathsOf({ ...manifest, exports: { '.': {}, './testing': {}, './package.json': '' } })).toEqual({
      code: ['@demo/box', '@demo/box/testing'],
      json: ['@demo/box/package.json'],
    });
  });
  it.each([[undefined], [{}], [{ './a': {} }], [{ '.': {}, './*': {} }], [{ '.': {}, import: {} }]])(
    'are refused where they cannot be listed: %j',
    (exports) => expect(() => subpathsOf({ ...manifest, ...(exports && { exports }) })).toThrow(RangeError),
  );
});

describe('using an installed package', () => {
  // As npm would leave it, without packing: what is tried here is the trying.
  const consumer = (): string => path.join(workspace.root, 'consumer');
  const installed = (): string => path.join(consumer(), 'node_modules', '@demo', 'box');
  const parsed: ParsedFiles = new Map();
  const entries = (): string[] => {
    const manifest = readManifest(installed());
    return checkEntries(consumer(), subpathsOf(manifest), optionalPeers(manifest));
  };
  const types = (): string[] => checkEntryTypes(consumer(), ['@demo/box'], parsed);
  beforeEach(() => {
    mkdirSync(consumer());
    writeFileSync(path.join(consumer(), 'package.json'), '{"type":"module"}');
    cpSync(path.join(workspace.root, 'packages/box'), installed(), { recursive: true });
  });
  const change = (file: string, edit: (text: string) => string): void => {
    const full = path.join(installed(), file);
    writeFileSync(full, edit(readFileSync(full, 'utf8')));
  };

  it('finds nothing wrong with a good package', async () => {
    expect(entries()).toEqual([]);
    expect(types()).toEqual([]);
    expect(await checkFirstExample(consumer(), installed())).toEqual([]);
  });
  it('reports a CommonJS entry that throws', () => {
    change('dist/index.cjs', () => "throw new Error('no document here');");
    expect(entries()).toEqual(['@demo/box: require fails: no document here']);
  });
  it('reports an ESM entry that is missing', () => {
    rmSync(path.join(installed(), 'dist/index.js'));
    expect(entries()).toEqual([expect.stringContaining('@demo/box: import fails: Cannot find module')]);
  });
  it('reports forms that export different names, or nothing', () => {
    change('dist/index.cjs', (text) => `${text}exports.Lid = 1;\n`);
    expect(entries()).toEqual(['@demo/box: import gives "Box", require gives "Box Lid"']);
    change('dist/index.cjs', () => '');
    change('dist/index.js', () => 'export {};');
    expect(entries()).toEqual(['@demo/box: exports nothing']);
  });
  it('reports a package whose require reaches the ES module', () => {
    change('package.json', (text) => text.replace('./dist/index.cjs', './dist/index.js'));
    const faults = entries().join('\n');
    // A Node that cannot require ES modules reports that instead.
    expect(faults).toMatch(/there is no CommonJS form|require fails/);
  });
  it('reports a package.json that exports hide', () => {
    change('package.json', (text) =>
      text.replace('"./package.json":"./package.json"', '"./package.json":"./gone.json"'),
    );
    expect(entries()).toEqual([expect.stringContaining('@demo/box/package.json: require fails')]);
  });
  it('excuses an entry point whose optional peer is absent, and no other absence', () => {
    change('dist/index.js', (text) => `import 'absent-peer';\n${text}`);
    change('dist/index.cjs', (text) => `require('absent-peer/sub');\n${text}`);
    expect(entries()).toHaveLength(2);
    change('package.json', (text) => text.replace('{', '{"peerDependenciesMeta":{"absent-peer":{"optional":true}},'));
    expect(entries()).toEqual([]);
  });
  it('reports wrong declarations in every kind of project that reads them, even where nobody uses the mistake', () => {
    change('dist/index.d.cts', (text) => `${text}export declare const broken: Missing;\n`);
    const faults = types();
    expect(faults.map((fault) => fault.split(',')[1])).toEqual([' node16', ' nodenext']);
    expect(faults[0]).toContain("Cannot find name 'Missing'");
  });
  it('reports a form without declarations', () => {
    rmSync(path.join(installed(), 'dist/index.d.ts'));
    expect(types().map((fault) => fault.split(',')[1])).toEqual([' node16', ' nodenext', ' bundler']);
  });
  it('reports a first example that fails in one form only', async () => {
    change('dist/index.cjs', (text) => text.replace('return this.content', 'return 2'));
    const faults = await checkFirstExample(consumer(), installed());
    expect(faults).toEqual([
      expect.stringContaining('as CommonJS'),
      expect.stringContaining('in both forms in one process'),
    ]);
    expect(faults[0]).toContain('AssertionError');
  });
  it('reports a README without an example', async () => {
    change('README.md', () => '# Box\n');
    expect(await checkFirstExample(consumer(), installed())).toEqual([expect.stringContaining('no ts block')]);
  });
});

describe('consuming a workspace', () => {
  it('passes a package that arrives whole, and fails one whose tarball lacks a file or that hides a dependency', async () => {
    // "lidded" depends on "box" and declares it; "loose" uses it undeclared and does not ship its CommonJS form.
    const manifest = readManifest(path.join(workspace.root, 'packages/box'));
    for (const [name, more] of Object.entries({
      lidded: { dependencies: { '@demo/box': '1.0.0' } },
      loose: { files: ['dist/*.js', 'dist/*.ts'] },
    })) {
      workspace.write(`packages/${name}/package.json`, JSON.stringify({ ...manifest, name: `@demo/${name}`, ...more }));
      workspace.write(`packages/${name}/README.md`, example.replaceAll('@demo/box', `@demo/${name}`));
      workspace.write(`packages/${name}/dist/index.js`, "export { Box } from '@demo/box';\n");
      workspace.write(`packages/${name}/dist/index.cjs`, "exports.Box = require('@demo/box').Box;\n");
      for (const file of ['index.d.ts', 'index.d.cts']) {
        workspace.write(`packages/${name}/dist/${file}`, "export { Box } from '@demo/box';\n");
      }
    }
    const tmp = path.join(workspace.root, 'tmp');
    mkdirSync(tmp);
    for (const variable of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(variable, tmp);
    const heard: string[] = [];
    const verdicts = await consume(
      publishedPackages(workspace.root),
      (name) => name !== '@demo/box',
      ({ name }) => heard.push(name),
    );
    expect(heard).toEqual(['@demo/lidded', '@demo/loose']);
    expect(verdicts[0]).toEqual({ name: '@demo/lidded', entries: 1, faults: [] });
    const faults = verdicts[1]!.faults.join('\n');
    expect(faults).toContain("import fails: Cannot find package '@demo/box'");
    expect(faults).toMatch(/require fails: Cannot find module .*index\.cjs/);
    // npm itself may leave Node's compile cache there.
    expect(readdirSync(tmp).filter((name) => name.startsWith('consumer-'))).toEqual([]);
    expect(existsSync(path.join(workspace.root, 'packages/box/demo-box-1.0.0.tgz'))).toBe(false);
  });
});
