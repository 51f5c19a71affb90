/** The whole script in its quick form, as `npm start api-gateway -- --once --quick` runs it: every claim holds. */
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { start } from './support.ts';

const timeoutMs = 600_000;
const isLeft = (name: string): boolean => name.startsWith('api-gateway-');

test(
  'five sections, no claim failed, exit code 0, nothing left behind',
  async () => {
    const before = (await readdir(tmpdir())).filter(isLeft);
    const example = start(['--once', '--quick', '--seed', '1']);
    const { code } = await example.ended;
    expect(example.err()).toBe('');
    expect(example.out()).not.toContain('FAILED');
    expect(example.out()).toMatch(/^Seed 1\. 4 gateways; shared limits: MapStore\.$/m);
    expect(example.out().match(/^\d\. /gm)).toHaveLength(5);
    expect(example.out()).toMatch(/\n(\d+) of \1 claims held, in \d+ s\.\n$/);
    expect(code).toBe(0);
    expect((await readdir(tmpdir())).filter((name) => isLeft(name) && !before.includes(name))).toEqual([]);
  },
  timeoutMs,
);
