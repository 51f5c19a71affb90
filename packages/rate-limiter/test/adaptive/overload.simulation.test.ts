import { describe, expect, it } from 'vitest';
import { aimd, fixedLimit } from '../../src/adaptive/index.ts';
import { goodput, type Scenario } from './support.ts';

const server: Scenario = {
  workers: 16,
  serviceMs: () => 20,
  deadlineMs: 250,
  load: 5,
  retries: 0,
  durationMs: 40_000,
  countFromMs: 10_000,
  seed: 7,
};
const limit = aimd({ targetMs: 100 });

describe('a server of 16 workers whose clients wait for 250 ms', () => {
  for (const load of [1, 2, 3, 5, 10]) {
    it(`with AIMD, keeps 0.95 of its capacity at ${String(load)} times the load`, async () => {
      expect(await goodput({ ...server, load, limiter: { limit } })).toBeGreaterThanOrEqual(0.95);
    });
    it(`and with 3 retries of each request, at ${String(load)} times the load`, async () => {
      expect(await goodput({ ...server, load, retries: 3, limiter: { limit } })).toBeGreaterThanOrEqual(0.95);
    });
  }
  it('with AIMD, keeps 0.95 of what is left when the service time doubles', async () => {
    const serviceMs = (nowMs: number): number => (nowMs < 25_000 ? 20 : 40);
    expect(await goodput({ ...server, serviceMs, limiter: { limit } })).toBeGreaterThanOrEqual(0.95);
  });
  it('without a limit, answers next to nobody in time', async () => {
    expect(await goodput(server)).toBeLessThanOrEqual(0.05);
  });
  it('with a fixed limit that is far too high, too', async () => {
    expect(await goodput({ ...server, limiter: { limit: fixedLimit(400) } })).toBeLessThanOrEqual(0.1);
  });
  it('with a queue in front of a fixed limit, keeps it by the bound on age, not by the one on length', async () => {
    const bounded = { limit: fixedLimit(16), queue: { maxLength: 400, maxAgeMs: 100 } };
    const unbounded = { limit: fixedLimit(16), queue: { maxLength: 400, maxAgeMs: 600_000 } };
    expect(await goodput({ ...server, limiter: bounded })).toBeGreaterThanOrEqual(0.95);
    expect(await goodput({ ...server, limiter: unbounded })).toBeLessThanOrEqual(0.1);
  });
});
