/** The actor of one run, alone: what it may and may not do at the edges of time and ownership. */
import { expect, it } from 'vitest';
import { saga } from '../src/index.ts';
import { fold } from '../src/evolve.ts';
import { encodeRecords } from '../src/records.ts';
import { RunLoop } from '../src/run-loop.ts';
import type { LoopEnd, RunPorts } from '../src/run-loop.ts';
import { definitionOf } from '../src/saga.ts';
import type { Append, StoredEntry } from '../src/store.ts';
import { manualClock } from '../src/testing/manual-clock.ts';
import { settle } from './harness.ts';

const definition = definitionOf(
  saga('s', { version: 1, parse: (v) => v, deadlineMs: 100 })
    .step('a', { run: () => new Promise<void>(() => undefined), undo: () => undefined })
    .build(),
);

function loop(ports: Partial<RunPorts>) {
  const clock = manualClock(0);
  const started = { type: 'started', v: 1, input: null, by: 'w/0', deadlineMs: 100 } as const;
  const entries: StoredEntry[] = [{ seq: 0, fence: 0, atMs: 0, body: encodeRecords([started]) }];
  const rows: Append[] = [];
  const ends: LoopEnd[] = [];
  const all: RunPorts = {
    clock,
    random: () => 0.5,
    observer: { tell: () => undefined },
    holdMs: 1000,
    entryBytesMax: 1000,
    orphanClaimsMax: 5,
    storeNow: () => clock.now(),
    isValid: () => true,
    append: async (row) => {
      rows.push(row);
      entries.push({ seq: row.seq, fence: row.fence, atMs: clock.now(), body: row.body });
      return { status: 'written', atMs: clock.now() };
    },
    load: async (id) => ({ id, kind: definition.kind, status: 'open', entries, mail: [] }),
    onFailed: (error) => {
      throw error;
    },
    onEnd: (_, end) => ends.push(end),
    ...ports,
  };
  const state = fold('r', [{ seq: 0, fence: 0, atMs: 0, records: [started] }]);
  return { loop: new RunLoop(all, definition, state, []), clock, rows, entries, ends };
}

it('sets its timer by the moment at which it decided, though the deadline passes before the next look', async () => {
  // Every look at the clock is 2 ms later than the one before; the first is just before the deadline.
  let nowMs = 97;
  const w = loop({ storeNow: () => (nowMs += 2) });
  w.loop.start();
  w.clock.advance(2);
  await settle();
  w.clock.advance(2000);
  await settle();
  expect(w.ends).toEqual(['settled']);
  expect(w.rows.map((r) => r.body).join()).toContain('"undoing"');
});

it('takes its own entry for written only while nobody has claimed the run after it', async () => {
  for (const claimed of [false, true]) {
    const w = loop({});
    const append = async (row: Append) => {
      w.entries.push({ seq: row.seq, fence: row.fence, atMs: 0, body: row.body });
      if (claimed) w.entries.push({ seq: row.seq + 1, fence: row.seq + 1, atMs: 0, body: '[]' });
      return { status: 'conflict' } as const;
    };
    let row: Append | undefined;
    const again = loop({
      append: (r) => append((row = r)),
      load: async (id) => ({ id, kind: definition.kind, status: 'open', entries: w.entries, mail: [] }),
    });
    again.loop.start();
    again.clock.advance(100);
    await settle(1);
    expect(row?.seq).toBe(1);
    // Whoever has lost the run is dropped; whoever has not goes on with the undo, a second entry.
    expect(again.ends.includes('dropped')).toBe(claimed);
    again.loop.drop('the test is over');
  }
});

it('writes nothing and starts nothing when its lease is over', async () => {
  const w = loop({ isValid: () => false });
  w.loop.start();
  await settle();
  expect(w.rows).toEqual([]);
  expect(w.ends).toEqual(['dropped']);
});
