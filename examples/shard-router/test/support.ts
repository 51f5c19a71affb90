/** What the tests share: folders that go away, and waiting. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(async () => {
  for (const dir of made) await rm(dir, { recursive: true, force: true });
});

/** A new folder under the system's temporary one; it goes away with the test file. */
export async function newDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'shard-router-test-'));
  made.push(dir);
  return dir;
}

export { until } from '@loadbearing-examples/page-kit/testing/until.ts';
