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

/** Asks until the answer is neither undefined nor false; gives up after a time no machine needs. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const giveUpAt = performance.now() + 45_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
