import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { check } from 'prettier';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineBench } from '../src/definition.ts';
import { readBlock, replaceBlock } from '../src/marked-block.ts';
import { staleness, writeTable } from '../src/readme.ts';
import { writeResults } from '../src/results.ts';
import { summarize } from '../src/summary.ts';
import { ratioText, renderTable } from '../src/table.ts';

const definition = defineBench({
  topic: 'locate',
  title: 'locate(key), *any* key_of_12',
  rival: 'hashring 3.2.0',
  kind: 'value',
  cases: [{ name: 'N = 10' }, { name: 'N | 100' }],
  contenders: { ours: () => ({ value: 1 }), 'hashring 3.2.0': () => ({ value: 1 }) },
});
const timed = { ...definition, kind: 'time' as const };
const surroundings = { rounds: 2, node: 20, cpus: 2 };
const samples = [
  new Map([
    ['ours', [10, 10]],
    ['hashring 3.2.0', [31, 33]],
  ]),
  new Map([
    ['ours', [1000, 1000]],
    ['hashring 3.2.0', [1234567, 1234567]],
  ]),
];
const timedResults = summarize(timed, samples, surroundings);
const valueResults = summarize(definition, samples, surroundings);

describe('the table', () => {
  it('of times has one row a case and the ratio with its spread', async () => {
    const table = await renderTable(timedResults);
    expect(table).toMatch(/^\| N = 10 +\| +3\.20× \(3\.10 to 3\.30\) \|$/m);
    expect(table).toMatch(/^\| N \\\| 100 +\| +1,235× \(1,235 to 1,235\) \|$/m);
    expect(table).toContain('against hashring 3.2.0');
    expect(table).toContain('Node 20, 2 CPUs, 2 rounds.');
  });
  it('of values has a column for everyone, ours first, and a spread only where values differ', async () => {
    const table = await renderTable(valueResults);
    expect(table).toMatch(/^\| N = 10 +\| +10 \| +32 \(31 to 33\) \|$/m);
    expect(table).toMatch(/^\| N \\\| 100 +\| 1,000 \| +1,234,567 \|$/m);
  });
  it('is already as the formatter wants it', async () => {
    for (const results of [timedResults, valueResults]) {
      const readme = replaceBlock('# A\n\n<!-- t -->\n<!-- /t -->\n', 't', await renderTable(results))!;
      expect(await check(readme, { parser: 'markdown', printWidth: 120, singleQuote: true })).toBe(true);
    }
  });
  it.each([
    [0.1234, '0.123'],
    [1, '1.00'],
    [12.345, '12.3'],
    [99.96, '100'],
    [12345.6, '12,346'],
    [1e-9, '0'],
  ])('writes the ratio %d as %s', (ratio, text) => expect(ratioText(ratio)).toBe(text));
});

describe('a marked block', () => {
  const text = 'before\n<!-- a -->\nold\n<!-- /a -->\nafter\n';
  it('is replaced with everything around it untouched, and replacing twice is replacing once', () => {
    const once = replaceBlock(text, 'a', 'new');
    expect(once).toBe('before\n<!-- a -->\n\nnew\n\n<!-- /a -->\nafter\n');
    expect(replaceBlock(once!, 'a', 'new')).toBe(once);
    expect(readBlock(once!, 'a')).toBe('new');
  });
  it('takes content with $ signs literally', () => {
    expect(readBlock(replaceBlock(text, 'a', "$& $1 $'")!, 'a')).toBe("$& $1 $'");
  });
  it('that is absent is reported, not invented', () => {
    expect(replaceBlock(text, 'b', 'new')).toBeUndefined();
    expect(readBlock(text, 'b')).toBeUndefined();
  });
  it.each(['<!-- a -->', '<!-- /a -->', '<!-- /a --> <!-- a -->', '<!-- a --><!-- a --><!-- /a -->'])(
    'with unpaired markers is refused: %s',
    (broken) => expect(() => replaceBlock(broken, 'a', 'new')).toThrow(RangeError),
  );
});

describe('staleness', () => {
  let folder: string;
  let readme: string;
  const stale = (of = definition): Promise<string | undefined> => staleness(readme, path.join(folder, 'bench'), of);
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bench-kit-'));
    readme = path.join(folder, 'README.md');
    writeFileSync(readme, '# A\n\n<!-- bench:locate -->\n<!-- /bench:locate -->\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const measured = async (): Promise<void> => {
    writeResults(path.join(folder, 'bench'), valueResults);
    await writeTable(readme, valueResults);
  };

  it('is not found before the first measurement nor right after one', async () => {
    expect(await stale()).toBeUndefined();
    await measured();
    expect(await stale()).toBeUndefined();
  });
  it('is found when the table was edited by hand', async () => {
    await measured();
    writeFileSync(readme, readFileSync(readme, 'utf8').replace('1,234,567', '1,234,568'));
    expect(await stale()).toContain("not its results' rendering");
  });
  it('is found when the results changed and the table did not', async () => {
    await measured();
    writeResults(path.join(folder, 'bench'), { ...valueResults, rounds: 9 });
    expect(await stale()).toContain("not its results' rendering");
  });
  it('is found when the bench asks another question than the results answer', async () => {
    await measured();
    expect(await stale({ ...definition, title: 'something else' })).toContain('another question');
    expect(await stale({ ...definition, cases: [{ name: 'N = 10' }] })).toContain('another question');
  });
  it('is found when a table has no results', async () => {
    await writeTable(readme, valueResults);
    expect(await stale()).toContain('without results');
  });
  it('is found when the README has no place for the topic', async () => {
    writeFileSync(readme, '# A\n');
    expect(await stale()).toContain('no <!-- bench:locate --> block');
    expect(await writeTable(readme, valueResults)).toBe(false);
  });
});
