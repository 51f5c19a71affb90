/** Pauses end with their signal, whenever it is aborted, and leave no timer behind. */
import { expect, test } from 'vitest';
import { pause } from '../../src/tiered/deadline.ts';

/** Timers that fire when told to. */
function timersByHand() {
  const armed = new Set<() => void>();
  const timers = {
    set: (run: () => void): unknown => (armed.add(run), run),
    clear: (run: unknown): void => void armed.delete(run as () => void),
  };
  return { armed, timers };
}

test('a pause that begins after the abort ends at once', async () => {
  const { armed, timers } = timersByHand();
  const reason = new Error('nobody waits');
  await expect(pause(1000, AbortSignal.abort(reason), timers)).rejects.toBe(reason);
  expect(armed.size).toBe(0);
});

test('a pause ends with an abort in its course', async () => {
  const { armed, timers } = timersByHand();
  const controller = new AbortController();
  const reason = new Error('nobody waits any more');
  const paused = pause(1000, controller.signal, timers);
  expect(armed.size).toBe(1);
  controller.abort(reason);
  await expect(paused).rejects.toBe(reason);
  expect(armed.size).toBe(0);
});

test('a pause that nobody ends lasts its time', async () => {
  const { armed, timers } = timersByHand();
  const paused = pause(1000, new AbortController().signal, timers);
  for (const run of armed) run();
  await expect(paused).resolves.toBeUndefined();
});
