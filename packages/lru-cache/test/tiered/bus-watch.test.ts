import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BusWatch } from '../../src/tiered/bus-watch.ts';
import type { Invalidation, InvalidationBody } from '../../src/tiered/remote-tier.ts';

const message = (sender: string, seq: number, body: InvalidationBody = { keys: ['k'] }): Invalidation => ({
  v: 1,
  sender,
  seq,
  ...body,
});
const beat = { beat: true } as const;

/** A watch that is up at time 0 with a first beat behind it. */
function running(heartbeatMs = 1000): BusWatch {
  const watch = new BusWatch('me', heartbeatMs);
  watch.heard(message('me', watch.number(true, 0), beat), 0);
  return watch;
}

describe('own beats', () => {
  it('nothing is known before the first has come back', () => {
    const watch = new BusWatch('me', 1000);
    expect(watch.up(0)).toBe(false);
    const seq = watch.number(true, 0);
    expect(watch.up(10)).toBe(false);
    expect(watch.heard(message('me', seq, beat), 20)).toBe(true);
    expect(watch.up(20)).toBe(true);
  });

  it('down from 2·heartbeatMs after the last that came back was sent, not after it came', () => {
    const watch = new BusWatch('me', 1000);
    watch.heard(message('me', watch.number(true, 0), beat), 900);
    expect(watch.up(1999)).toBe(true);
    expect(watch.up(2000)).toBe(false);
  });

  it('one that comes back too late proves nothing', () => {
    const watch = running();
    const seq = watch.number(true, 100);
    expect(watch.heard(message('me', seq, beat), 5000)).toBe(false);
    expect(watch.up(5000)).toBe(false);
  });

  it('empties when up again, even if nobody had asked while it was down', () => {
    const watch = running();
    expect(watch.heard(message('me', watch.number(true, 1900), beat), 1950)).toBe(false);
    expect(watch.heard(message('me', watch.number(true, 5000), beat), 5010)).toBe(true);
    expect(watch.up(5010)).toBe(true);
  });

  it('a lost own message is a gap', () => {
    const watch = running();
    watch.number(false, 100);
    expect(watch.heard(message('me', watch.number(true, 200), beat), 210)).toBe(true);
  });

  it('remembers no more beats than can still prove something', () => {
    const watch = running();
    for (let now = 10; now < 100_000; now += 10) watch.number(true, now);
    expect((watch as unknown as { beats: unknown[] }).beats.length).toBeLessThanOrEqual(200);
  });
});

describe('what the bus knows of its connection', () => {
  it('lost: down at once; back: up with the next own beat, and emptied', () => {
    const watch = running();
    const underWay = watch.number(true, 100);
    watch.link(false);
    expect(watch.up(101)).toBe(false);
    watch.link(true);
    expect(watch.up(102)).toBe(false);
    // Sent before the connection was lost: it says nothing about what was said since.
    expect(watch.heard(message('me', underWay, beat), 103)).toBe(false);
    expect(watch.up(103)).toBe(false);
    expect(watch.heard(message('me', watch.number(true, 200), beat), 210)).toBe(true);
    expect(watch.up(210)).toBe(true);
  });
});

describe('peers', () => {
  it('messages without a gap, and repeated or late ones, cost nothing', () => {
    const watch = running();
    for (const seq of [1, 2, 2, 1, 3]) expect(watch.heard(message('a', seq), 10)).toBe(false);
  });

  it('a gap empties once', () => {
    const watch = running();
    watch.heard(message('a', 1), 10);
    expect(watch.heard(message('a', 3), 20)).toBe(true);
    expect(watch.heard(message('a', 2), 30)).toBe(false);
    expect(watch.heard(message('a', 4), 40)).toBe(false);
  });

  it('a stranger in the middle of his numbers empties, one at the beginning does not', () => {
    const watch = running();
    expect(watch.heard(message('a', 7), 10)).toBe(true);
    expect(watch.heard(message('b', 1), 10)).toBe(false);
  });

  it('one that falls silent empties once, and when he speaks again only his numbers count', () => {
    const watch = running();
    watch.heard(message('a', 1), 100);
    watch.heard(message('b', 1), 500);
    expect(watch.overdue(2099)).toBe(false);
    expect(watch.overdue(2100)).toBe(true);
    expect(watch.overdue(2101)).toBe(false);
    expect(watch.overdue(2500)).toBe(true);
    expect(watch.heard(message('a', 2), 3000)).toBe(false);
    expect(watch.overdue(4999)).toBe(false);
    expect(watch.overdue(5000)).toBe(true);
    expect(watch.heard(message('a', 4), 6000)).toBe(true);
  });

  it('one that says good-bye is not missed', () => {
    const watch = running();
    watch.heard(message('a', 1), 0);
    expect(watch.heard(message('a', 2, { bye: true }), 10)).toBe(false);
    expect(watch.overdue(1e6)).toBe(false);
    watch.heard(message('b', 1), 0);
    expect(watch.heard(message('b', 3, { bye: true }), 10)).toBe(true);
  });

  it('nothing is concluded from messages without a number', () => {
    const watch = running();
    expect(watch.heard(message('server', 0), 10)).toBe(false);
    expect(watch.heard(message('server', 0), 20)).toBe(false);
    expect(watch.overdue(1e6)).toBe(false);
  });

  it('no more than 10,000 are kept; to forget one that still spoke empties', () => {
    const watch = running(1e6);
    let emptied = 0;
    for (let i = 0; i < 10_100; i++) if (watch.heard(message(`p${String(i)}`, 1), i)) emptied++;
    expect((watch as unknown as { peers: Map<string, unknown> }).peers.size).toBe(10_000);
    expect(emptied).toBe(100);
    expect(watch.heard(message('p0', 2), 20_000)).toBe(true);
  });
});

describe('the law', () => {
  it('whatever is lost, and however late it is, is noticed: by a gap, by silence, or by being down', () => {
    const heartbeatMs = 1000;
    fc.assert(
      fc.property(
        fc.array(fc.record({ lost: fc.boolean(), after: fc.integer({ min: 0, max: 900 }) }), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.boolean(),
        (steps, ownLost) => {
          // A peer that says something in each step and dies after the last; own beats twice a second.
          const watch = running(heartbeatMs);
          let [now, seq, nextBeat] = [0, 0, 500];
          let pending: number | undefined;
          let missed = false as boolean;
          const noticed = (emptied: boolean): void => {
            if (emptied) pending = undefined;
          };
          const until = (end: number): void => {
            for (; nextBeat <= end; nextBeat += 500) {
              const own = watch.number(true, nextBeat);
              if (!ownLost) noticed(watch.heard(message('me', own, beat), nextBeat));
              if (watch.overdue(nextBeat)) missed = true;
              noticed(missed);
              // Down is noticed too: then nothing older than disconnectedTtlMs is used.
              if (pending !== undefined && watch.up(nextBeat))
                expect(nextBeat - pending).toBeLessThan(2 * heartbeatMs + 500);
            }
            now = end;
          };
          watch.heard(message('peer', ++seq), 0);
          for (const { lost, after } of steps) {
            until(now + after);
            ++seq;
            // Once he is missed he may as well be dead: what he says then counts when he is heard again.
            if (lost) pending ??= missed ? undefined : now;
            else {
              noticed(watch.heard(message('peer', seq), now));
              missed = false;
            }
          }
          until(now + 4000);
          if (watch.up(now)) expect(pending).toBeUndefined();
        },
      ),
    );
  });
});
