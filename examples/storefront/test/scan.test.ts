/** The catalogue from a node_modules folder that nobody checked: what is taken, what is passed over, and the bounds. */
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { priceOf, readManifest, readReadme, scanCatalogue } from '../src/catalogue/scan.ts';
import { escapeHtml, plainText } from '../src/catalogue/search.ts';
import { makePackages, newDir } from './support.ts';

const manifest = (fields: object): ReturnType<typeof readManifest> =>
  readManifest(JSON.stringify({ name: 'a', version: '1.0.0', ...fields }), '/somewhere');

describe('a manifest', () => {
  test('becomes a product', () => {
    const fields = { description: ' two\n words ', keywords: ['k', 7, '', 'l'], license: 'MIT' };
    expect(manifest({ name: '@scope/a.b-c_d', ...fields })).toEqual({
      sku: '@scope/a.b-c_d',
      version: '1.0.0',
      description: 'two words',
      keywords: ['k', 'l'],
      license: 'MIT',
      dir: '/somewhere',
    });
  });

  test.each([
    ['no JSON', '{"name": "a", '],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"a"'],
    ['empty', ''],
  ])('that is %s is passed over', (_what, json) => {
    expect(readManifest(json, '/x')).toBeUndefined();
  });

  test.each([
    ['no name', { name: undefined }],
    ['a number for a name', { name: 7 }],
    ['a path for a name', { name: '../../etc/passwd' }],
    ['a name with a slash and no scope', { name: 'a/b' }],
    ['markup for a name', { name: '<img src=x>' }],
    ['a name that is too long, and is not cut to another package’s', { name: 'a'.repeat(215) }],
    ['no version', { version: undefined }],
    ['a range for a version', { version: '^1.0.0' }],
    ['a version that is too long', { version: `1.0.0-${'a'.repeat(100)}` }],
  ])('with %s is passed over', (_what, fields) => {
    expect(manifest(fields)).toBeUndefined();
  });

  test('may have anything in the other fields', () => {
    const foreign = manifest({ description: 9, keywords: 'x', license: null });
    expect(foreign).toMatchObject({ description: '', keywords: [], license: 'unknown' });
    expect(manifest({ license: { type: 'BSD' } })?.license).toBe('BSD');
    const long = manifest({ description: 'd'.repeat(9999), keywords: Array(999).fill('k'.repeat(999)) as string[] })!;
    expect(long.description).toHaveLength(500);
    expect(long.keywords).toHaveLength(20);
    expect(long.keywords[0]).toHaveLength(40);
  });
});

describe('a scan', () => {
  test('finds packages, scoped packages and those in pnpm’s store, ordered by name', async () => {
    const root = await newDir();
    await makePackages(root, [{ name: 'b' }, { name: '@s/a' }]);
    await makePackages(path.join(root, '.pnpm', 'deep@2.0.0', 'node_modules'), [{ name: 'deep', version: '2.0.0' }]);
    await makePackages(path.join(root, '.bin'), [{ name: 'not-this' }]);
    const heard: number[] = [];
    const products = await scanCatalogue(root, (done) => heard.push(done));
    expect(products.map(({ sku }) => sku)).toEqual(['@s/a', 'b', 'deep']);
    expect(heard).toEqual([1, 2, 3]);
  });

  test('of several versions the newest is sold, by the rules of versions and not of letters', async () => {
    const root = await newDir();
    for (const version of ['9.0.0', '10.0.0', '10.0.0-rc.1', '2.0.0']) {
      await makePackages(path.join(root, '.pnpm', `a@${version}`, 'node_modules'), [{ name: 'a', version }]);
    }
    expect((await scanCatalogue(root, () => undefined)).map(({ version }) => version)).toEqual(['10.0.0']);
  });

  test('passes over what is broken, foreign or huge, and goes on', async () => {
    const root = await newDir();
    await makePackages(root, [{ name: 'fine' }, { name: 'huge', filler: 'x'.repeat(300_000) }]);
    for (const [name, json] of [
      ['broken', '{'],
      ['binary', '\u0000\u0001'],
      ['empty', ''],
    ] as const) {
      await mkdir(path.join(root, name));
      await writeFile(path.join(root, name, 'package.json'), json);
    }
    await mkdir(path.join(root, 'folder', 'package.json'), { recursive: true });
    await writeFile(path.join(root, 'a-file'), '');
    await symlink(path.join(root, 'nowhere'), path.join(root, 'dangling'));
    if (process.platform !== 'win32') {
      await mkdir(path.join(root, 'pipe'));
      execFileSync('mkfifo', [path.join(root, 'pipe', 'package.json')]);
    }
    expect((await scanCatalogue(root, () => undefined)).map(({ sku }) => sku)).toEqual(['fine']);
  });

  test('of a folder that is not there finds nothing', async () => {
    expect(await scanCatalogue(path.join(await newDir(), 'nowhere'), () => undefined)).toEqual([]);
  });

  test('counts a package’s own files and not the packages inside it', async () => {
    const root = await newDir();
    await makePackages(root, [{ name: 'a', readme: 'x'.repeat(200 * 1024) }]);
    await makePackages(path.join(root, 'a', 'node_modules'), [{ name: 'inner', readme: 'x'.repeat(900 * 1024) }]);
    const [product] = await scanCatalogue(root, () => undefined);
    expect(product!.sizeBytes).toBeGreaterThan(200 * 1024);
    expect(product!.sizeBytes).toBeLessThan(201 * 1024);
    expect(product!.priceCents).toBe(200);
  });

  test('prices stay between one and five hundred dollars', () => {
    expect([0, 150 * 1024, 1e12].map(priceOf)).toEqual([100, 150, 50_000]);
  });
});

describe('a README', () => {
  test('is found under its usual names, and there need be none', async () => {
    for (const name of ['README.md', 'readme.markdown', 'Readme', 'README.txt']) {
      const dir = await newDir();
      await writeFile(path.join(dir, name), 'hello');
      expect(await readReadme(dir)).toBe('hello');
    }
    expect(await readReadme(await newDir())).toBe('');
    expect(await readReadme('/nowhere/at/all')).toBe('');
  });

  test('may be a folder, which is none, with the real one beside it', async () => {
    const dir = await newDir();
    await mkdir(path.join(dir, 'README'));
    expect(await readReadme(dir)).toBe('');
    await writeFile(path.join(dir, 'readme.md'), 'hello');
    expect(await readReadme(dir)).toBe('hello');
  });

  test('is read up to a bound', async () => {
    const dir = await newDir();
    await writeFile(path.join(dir, 'README.md'), 'x'.repeat(1_000_000));
    expect(await readReadme(dir)).toHaveLength(256 * 1024);
  });
});

describe('plain text', () => {
  test.each([
    ['headings and lists', '# Title\n\n- one\n* two\n> three', ' Title one two three'],
    ['links keep their words', 'see [the docs](https://x.y) and [more][ref]', 'see the docs and more'],
    ['images and badges go', 'a ![badge](https://x.y/z.svg) b', 'a b'],
    ['tags and comments go, their words stay', '<b onclick="x">bold</b> <!-- not\nthis --> end', ' bold end'],
    ['addresses of references go', 'a\n[ref]: https://x.y\nb', 'a b'],
    ['fences and rules go, code stays', '```js\nconst a = `b`;\n```\n---\nc', ' const a = b; c'],
    ['tables lose their bars and rules', '| a | b |\n|---|---|\n', ' a b '],
  ])('%s', (_what, markdown, text) => {
    expect(plainText(markdown)).toBe(text);
  });

  test('of a hostile README takes time in proportion to its length: this would not end in minutes otherwise', () => {
    for (const piece of ['\n', ' \n', ' ', '[\n', '<!--', '[', '![', '<a', '[](', '|', '`', '> ']) {
      expect(plainText(piece.repeat(300_000 / piece.length)).length).toBeLessThanOrEqual(300_000);
    }
  });

  test('escaping leaves nothing that a page could take for markup', () => {
    expect(escapeHtml(`<a href="x" title='y'>&amp;</a>`)).toBe(
      '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;',
    );
  });
});
