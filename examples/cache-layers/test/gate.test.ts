/** The gate before the database: no more than its limit runs, the rest waits in order, and the peak counts both. */
import { expect, test } from 'vitest';
import { Gate } from '../src/database/gate.ts';
import { settled, virtualTime } from '../src/simulated/virtual-time.ts';

test('at most `limit` run, in order, each at least `delayMs`; the peak counts those that wait', async () => {
  const time = virtualTime();
  const gate = new Gate({ delayMs: 10, limit: 2, failing: false }, (ms) => time.sleep(ms));
  let running = 0;
  let most = 0;
  const done: string[] = [];
  const all = Array.from({ length: 5 }, (_, i) =>
    gate
      .run(async () => {
        most = Math.max(most, ++running);
        await time.sleep(5);
        running--;
        return i;
      })
      .then((value) => done.push(`${value} at ${time.now()}`)),
  );
  await settled();
  expect(gate.counts()).toEqual({ queries: 5, failed: 0, peak: 5, open: 5 });
  await time.advance(100);
  await Promise.all(all);
  expect(done).toEqual(['0 at 10', '1 at 10', '2 at 20', '3 at 20', '4 at 30']);
  expect(most).toBe(2);
  expect(gate.counts()).toEqual({ queries: 5, failed: 0, peak: 5, open: 0 });
  gate.reset();
  expect(gate.counts()).toEqual({ queries: 0, failed: 0, peak: 0, open: 0 });
});

test('a failing database fails after its delay and keeps no place', async () => {
  const time = virtualTime();
  const gate = new Gate({ delayMs: 10, limit: 1, failing: true }, (ms) => time.sleep(ms));
  const seen: string[] = [];
  for (let i = 0; i < 2; i++)
    gate.run(async () => i).catch((error: unknown) => seen.push(`${String(error)} at ${time.now()}`));
  await time.advance(100);
  expect(seen).toEqual(['Error: the database is down at 10', 'Error: the database is down at 20']);
  gate.configure({ failing: false });
  const again = gate.run(async () => 'value');
  await time.advance(10);
  expect(await again).toBe('value');
  expect(gate.counts()).toMatchObject({ queries: 3, failed: 2, open: 0 });
});
