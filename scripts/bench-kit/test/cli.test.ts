import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBenches } from '../src/load.ts';
import { processSampler } from '../src/rounds.ts';

// The real command in real processes, on copies of the fixtures that find the kit by name as every bench does.
const here = path.dirname(fileURLToPath(import.meta.url));
const launcher = path.join(here, '..', 'bench-kit.mjs');
let home: string;
const command = (args: string[], fixture: string, env: Record<string, string> = {}) => {
  const cwd = path.join(home, fixture, 'bench');
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
};
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'bench-kit-'));
  for (const fixture of ['demo', 'failing']) {
    cpSync(path.join(here, 'fixtures', fixture), path.join(home, fixture), { recursive: true });
  }
  writeFileSync(path.join(home, 'package.json'), JSON.stringify({ type: 'module' }));
  mkdirSync(path.join(home, 'node_modules', '@loadbearing'), { recursive: true });
  symlinkSync(path.join(here, '..'), path.join(home, 'node_modules', '@loadbearing', 'bench-kit'), 'dir');
});
afterEach(() => rmSync(home, { recursive: true }));

describe('bench-kit', () => {
  it('measures values, writes results without a trace of the machine, fills the README, and finds it fresh', () => {
    const run = command(['--only', 'size', '--rounds', '1'], 'demo');
    expect(run).toMatchObject({ status: 0 });
    const results = readFileSync(path.join(home, 'demo', 'bench', 'results', 'size.json'), 'utf8');
    expect(JSON.parse(results)).toMatchObject({
      topic: 'size',
      rounds: 1,
      cases: [{ figures: { ours: { median: 125 } } }, {}],
    });
    expect(results).not.toContain(path.sep);
    const readme = readFileSync(path.join(home, 'demo', 'README.md'), 'utf8');
    expect(readme).toMatch(/Before\.[^]*\| 1000 keys +\| +125 \| 1,234,000 \|[^]*After\./);
    expect(command(['--check'], 'demo')).toMatchObject({ status: 0 });

    writeFileSync(path.join(home, 'demo', 'README.md'), readme.replace('125', '126'));
    const check = command(['--check', '--only', 'size'], 'demo');
    expect(check.status).toBe(1);
    expect(check.stdout).toContain('STALE size');
  });

  it('takes a quick look in fresh interleaved processes and writes nothing', () => {
    const trace = path.join(home, 'trace');
    const run = command(['--quick', '--only', 'work'], 'demo', { BENCH_TRACE: trace });
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/\| sync +\| +[\d.]+× /);
    const lines = readFileSync(trace, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(lines.map(([name, who]) => `${name} ${who}`)).toEqual([
      ...['sync ours', 'sync theirs'],
      ...['async ours', 'async theirs'],
    ]);
    expect(new Set(lines.map(([, , pid]) => pid)).size).toBe(4);
    expect(existsSync(path.join(home, 'demo', 'bench', 'results'))).toBe(false);
    expect(readFileSync(path.join(home, 'demo', 'README.md'), 'utf8')).not.toContain('|');
  });

  it('fails when a contender fails its check, says which, and publishes nothing', () => {
    const run = command(['--quick'], 'failing');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('broken, check: forgets failed');
    expect(run.stderr).toContain('it did not evict');
    expect(existsSync(path.join(home, 'failing', 'bench', 'results'))).toBe(false);
  });

  it.each([[['--only', 'nothing']], [['--rounds', 'many']]])('refuses %j', (args) =>
    expect(command(args, 'demo').status).toBe(2),
  );
});

describe('the benches of a folder', () => {
  it('are those named *.bench.ts, in the order of their names', async () => {
    const benches = await loadBenches(path.join(here, 'fixtures', 'demo', 'bench'));
    expect([...benches.values()].map(({ topic }) => topic)).toEqual(['size', 'work']);
  });
  it('are refused when one is not named after its topic', async () => {
    const bench = path.join(home, 'demo', 'bench');
    renameSync(path.join(bench, 'size.bench.ts'), path.join(bench, 'weight.bench.ts'));
    await expect(loadBenches(bench)).rejects.toThrow('weight.bench.ts holds the topic "size"');
  });
});

describe('a contender process', () => {
  const file = path.join(here, 'fixtures', 'failing', 'bench', 'broken.bench.ts');
  it('that dies is a failure with its exit code', async () => {
    await expect(processSampler(file, 'quick')('forgets', 'death')).rejects.toThrow('ended with 7');
  });
  it('that never answers is stopped at the limit', async () => {
    await expect(processSampler(file, 'quick', 900)('forgets', 'silence')).rejects.toThrow('within 900 ms');
  });
  it('that returns the other kind of contender is a failure', async () => {
    await expect(processSampler(file, 'quick')('forgets', 'wrong kind')).rejects.toThrow(
      'kind "value" returns { value }',
    );
  });
});
