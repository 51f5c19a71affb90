import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newPackage } from '../new-package.mjs';

const options = { name: 'ring-buffer', description: 'A bounded queue over one typed array', rival: 'denque@2.1.0' };

describe('new-package', () => {
  let packagesDir: string;
  beforeEach(() => {
    packagesDir = mkdtempSync(path.join(tmpdir(), 'new-package-'));
  });
  afterEach(() => rmSync(packagesDir, { recursive: true }));

  it('writes the agreed anatomy with every word filled in', () => {
    const { written, kept } = newPackage({ ...options, packagesDir });
    expect(kept).toEqual([]);
    for (const file of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'tsconfig.json', 'tsup.config.ts']) {
      expect(written).toContain(file);
    }
    for (const file of written) {
      expect(readFileSync(path.join(packagesDir, 'ring-buffer', file), 'utf8')).not.toMatch(/\{\{\w+\}\}/);
    }
    const manifest = JSON.parse(readFileSync(path.join(packagesDir, 'ring-buffer', 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: '@loadbearing/ring-buffer', description: options.description });
    const bench = JSON.parse(readFileSync(path.join(packagesDir, 'ring-buffer', 'bench', 'package.json'), 'utf8'));
    expect(bench.dependencies).toMatchObject({ denque: '2.1.0', '@loadbearing/ring-buffer': 'workspace:*' });
  });

  it('never overwrites a file that is there', () => {
    newPackage({ ...options, packagesDir });
    const readme = path.join(packagesDir, 'ring-buffer', 'README.md');
    writeFileSync(readme, 'mine');
    const { written, kept } = newPackage({ ...options, packagesDir });
    expect(written).toEqual([]);
    expect(kept).toContain('README.md');
    expect(readFileSync(readme, 'utf8')).toBe('mine');
  });

  it('keeps the scope of a scoped rival', () => {
    newPackage({ ...options, rival: '@scope/rival@1.2.3', packagesDir });
    const bench = JSON.parse(readFileSync(path.join(packagesDir, 'ring-buffer', 'bench', 'package.json'), 'utf8'));
    expect(bench.dependencies['@scope/rival']).toBe('1.2.3');
  });

  it.each([
    ['name', { name: 'RingBuffer' }],
    ['name', { name: '../escape' }],
    ['description', { description: '' }],
    ['rival', { rival: 'denque' }],
    ['rival', { rival: 'denque@latest' }],
  ])('refuses a malformed %s and writes nothing', (word, wrong) => {
    expect(() => newPackage({ ...options, ...wrong, packagesDir })).toThrow(new RegExp(`^${word} must`));
    expect(existsSync(path.join(packagesDir, 'ring-buffer'))).toBe(false);
  });
});
