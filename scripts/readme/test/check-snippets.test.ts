import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkSnippets } from '../check-snippets.ts';
import type { Fault } from '../check-snippets.ts';
import { findSnippets } from '../snippets.ts';
import { WorkspaceFixture, page } from '../../test/workspace-fixture.ts';

let workspace: WorkspaceFixture;
beforeEach(() => {
  workspace = new WorkspaceFixture();
});
afterEach(() => {
  vi.unstubAllEnvs();
  workspace.remove();
});

const check = (limitMs?: number): Promise<Fault[]> =>
  checkSnippets(workspace.root, findSnippets(workspace.root), limitMs);
const places = (faults: Fault[]): string[] => faults.map(({ file, line }) => `${file}:${line}`);

describe('checking snippets', () => {
  it('passes pages that run, whose blocks continue each other and repeat imports, and leaves nothing behind', async () => {
    workspace.write(
      'packages/box/README.md',
      page(
        '# Box',
        '~~~ts',
        "import assert from 'node:assert';",
        "import { Box } from '@demo/box';",
        'const box = new Box(1);',
        '~~~',
        'and then',
        '~~~ts',
        "import { Box } from '@demo/box';",
        "import assert from 'node:assert';",
        'assert.equal(box.open(), 1);',
        'await Promise.resolve(new Box(2));',
        '~~~',
      ),
    );
    workspace.write(
      'docs/boxes.md',
      page('~~~ts', "import { Box } from '@demo/box';", 'new Box(3).open().toFixed();', '~~~'),
    );
    const tmp = path.join(workspace.root, 'tmp');
    mkdirSync(tmp);
    for (const variable of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(variable, tmp);
    const before = readdirSync(workspace.root, { recursive: true }).sort();
    expect(await check()).toEqual([]);
    expect(readdirSync(workspace.root, { recursive: true }).sort()).toEqual(before);
  });

  it('points each fault at its line: a throw, a wrong type, a missing export, a syntax error, a wrong example', async () => {
    workspace.write(
      'packages/box/README.md',
      page(
        '# Box',
        '',
        '~~~ts',
        "import { Box } from '@demo/box';",
        '~~~',
        '',
        '~~~ts',
        'const n: number = new Box(1).open();',
        '',
        'interface Long { a: 1 }',
        'if (n > 0) throw new Error(`n is ${n}`);',
        '~~~',
      ),
    );
    workspace.write(
      'docs/types.md',
      page(
        '',
        '~~~ts',
        "import { Box } from '@demo/box';",
        'const text: string = new Box(1).open();',
        'void text;',
        '~~~',
      ),
    );
    workspace.write('docs/missing.md', page('~~~ts', '', "import { Bax } from '@demo/box';", 'void Bax;', '~~~'));
    workspace.write('docs/syntax.md', page('~~~ts', 'const a = 1;', 'const = 2;', '~~~'));
    workspace.write(
      'packages/box/src/box.ts',
      page(
        '/**',
        ' * @example',
        ' * ~~~ts',
        " * import { Box } from '@demo/box';",
        ' * if (new Box(1).open() > 0) throw new Error();',
        ' * ~~~',
        ' */',
        'export class Box {}',
      ),
    );
    const faults = await check();
    expect(new Set(places(faults))).toEqual(
      new Set([
        'docs/missing.md:3',
        'docs/syntax.md:3',
        'docs/types.md:4',
        'packages/box/README.md:11',
        'packages/box/src/box.ts:5',
      ]),
    );
    const message = (file: string): string =>
      faults
        .filter((fault) => fault.file === file)
        .map((fault) => fault.message)
        .join('\n');
    expect(message('packages/box/README.md')).toContain('Error: n is 1');
    expect(message('packages/box/README.md')).toContain('at packages/box/README.md:11');
    expect(message('docs/types.md')).toContain('TS2322');
    expect(message('docs/missing.md')).toContain('TS2305');
    expect(message('docs/missing.md')).toContain('SyntaxError');
  });

  it('fails a snippet that does not end, or waits for nothing', async () => {
    workspace.write('docs/endless.md', page('~~~ts', 'setInterval(() => undefined, 10);', '~~~'));
    workspace.write('docs/stuck.md', page('~~~ts', 'await new Promise(() => undefined);', '~~~'));
    const faults = await check(1000);
    expect(faults.find(({ file }) => file === 'docs/endless.md')?.message).toContain('did not end within 1000 ms');
    expect(faults.find(({ file }) => file === 'docs/stuck.md')?.message).toContain('waited for something');
  });

  it('does not resolve what neither the owner nor the workspace has', async () => {
    workspace.write(
      'packages/box/README.md',
      page('~~~ts', "import { fromMarkdown } from 'mdast-util-from-markdown';", 'void fromMarkdown;', '~~~'),
    );
    expect((await check()).map(({ message }) => message).join()).toContain('TS2307');
  });

  it('reads README.md, FORMAT.md and docs, and leaves out what is installed, built or a fixture', () => {
    const block = page('~~~ts', '1;', '~~~');
    const wanted = ['README.md', 'docs/a.md', 'docs/deep/b.md', 'packages/box/FORMAT.md', 'packages/box/docs/c.md'];
    for (const file of wanted) workspace.write(file, block);
    for (const file of [
      'node_modules/a/README.md',
      'packages/box/dist/README.md',
      'packages/box/test/fixtures/README.md',
      'NOTES.md',
    ])
      workspace.write(file, block);
    const found = findSnippets(workspace.root).map(({ file }) => path.relative(workspace.root, file));
    expect(found.sort()).toEqual(wanted.sort());
    writeFileSync(path.join(workspace.root, 'docs/a.md'), 'no code');
    expect(findSnippets(workspace.root)).toHaveLength(wanted.length - 1);
  });
});
