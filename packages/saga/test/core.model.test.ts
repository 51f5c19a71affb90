/**
 * The pure core against random definitions and random histories: settled and lost attempts, mail at any moment,
 * takeovers, time going by. The driver below stands for the shell: it writes what `plan` wants written, performs
 * what it may, and forgets everything but the journal at each takeover.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SagaError } from '../src/errors.ts';
import { evolve, fold } from '../src/evolve.ts';
import type { RunState } from '../src/evolve.ts';
import { plan } from '../src/plan.ts';
import type { AttemptOutcome, Settled } from '../src/react.ts';
import { decodeEntry, encodeRecords } from '../src/records.ts';
import type { JournalEntry, JournalRecord } from '../src/records.ts';
import type { Definition } from '../src/saga.ts';
import type { StoredMail } from '../src/store.ts';
import { build, random, shapes } from './random-saga.ts';

const LIMITS = { holdMs: 200, entryBytesMax: 10_000, orphanClaimsMax: 3 };
const CHAOS_TURNS = 40;
const TURNS_MAX = 400;

type Call = Pick<Settled, 'step' | 'undo' | 'attempt'>;

interface History {
  readonly definition: Definition;
  readonly entries: readonly JournalEntry[];
  readonly state: RunState;
  /** In the order in which they began. */
  readonly calls: readonly (Call & { readonly entries: number })[];
}

function drive(definition: Definition, seed: number): History {
  const draw = random(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(draw() * items.length)]!;
  const entries: JournalEntry[] = [];
  const calls: (Call & { entries: number })[] = [];
  let state: RunState | null = null;
  let fence = 0;
  let nowMs = 1_000_000;
  let mails = 0;
  const write = (records: readonly JournalRecord[]): RunState => {
    // Through the codec, as a store would give it back.
    const stored = { seq: entries.length, fence, atMs: nowMs, body: encodeRecords(records) };
    const entry = decodeEntry('r', stored);
    const live = evolve('r', state, entry);
    entries.push(entry);
    state = live;
    expect(fold('r', entries)).toEqual(live);
    return live;
  };
  const deadline = definition.deadlineMs === undefined ? {} : { deadlineMs: definition.deadlineMs };
  let run = write([{ type: 'started', v: 1, input: null, by: 'w/0', ...deadline }]);
  let working: Call[] = [];
  let settled: Settled[] = [];
  let mail: StoredMail[] = [];
  const post = (key: string, body: string): void => {
    mail.push({ run: 'r', key, dedupe: String(mails), body, n: ++mails });
  };
  const settle = (outcome: AttemptOutcome): void => {
    const call = pick(working);
    working = working.filter((c) => c !== call);
    settled.push({ ...call, outcome, tookMs: 1, random: draw() });
  };

  for (let turn = 0; turn < TURNS_MAX; turn++) {
    const calm = turn > CHAOS_TURNS;
    const next = plan(definition, run, { settled, mail, isWorking: working.length > 0 }, nowMs, LIMITS);
    settled = [];
    mail = [];
    if (next.records.length > 0) {
      run = write(next.records);
      expect(run).toEqual({ ...next.next, nextSeq: entries.length, fence, atMs: nowMs });
      if (run.phase === 'stuck') working = [];
      continue;
    }
    if (run.phase === 'completed' || run.phase === 'compensated') return { definition, entries, state: run, calls };

    const wakes: number[] = [];
    for (const action of next.actions) {
      if (action.type === 'wake') wakes.push(action.atMs);
      else if (!working.some((c) => c.step === action.step)) {
        if (action.type === 'undo' && working.some((c) => !c.undo)) continue;
        const call = { step: action.step, undo: action.type === 'undo', attempt: action.attempt };
        working.push(call);
        calls.push({ ...call, entries: entries.length });
      }
    }
    // Nothing is forgotten: a run that has not ended has something to do, something to wait for, or a person to ask.
    expect(working.length > 0 || wakes.length > 0 || run.phase === 'stuck').toBe(true);

    const waits = definition.stages.flat().filter((n) => n.kind === 'wait');
    const dice = draw();
    if (run.stuck !== null) {
      const { seq, direction } = run.stuck;
      const action = calm ? 'retry' : pick(direction === 'undo' ? ['retry', 'skip'] : ['retry', 'done']);
      const result = action === 'done' ? { result: 'by hand' } : {};
      post('$resolve', JSON.stringify({ seq: dice < 0.9 || calm ? seq : seq - 1, by: 'ann', action, ...result }));
      if (calm) for (const wait of waits) post(wait.name, '1');
    } else if (calm) {
      if (working.length > 0) settle({ type: 'ok', result: turn });
      else nowMs = Math.max(nowMs, Math.min(...wakes));
    } else if (dice < 0.08) {
      working = [];
      fence = entries.length;
      run = write([{ type: 'claimed', by: 'other', orphan: draw() < 0.8 }]);
    } else if (dice < 0.14) post('$cancel', '"enough"');
    else if (dice < 0.2 && waits.length > 0) post(pick(waits).name, '1');
    else if (working.length > 0 && dice < 0.85) {
      const error = { name: 'E', message: 'e' };
      const conditional = (call: Call): boolean => definition.nodes.get(call.step)!.node.conditional && !call.undo;
      const outcomes: AttemptOutcome[] = [
        { type: 'ok', result: turn },
        { type: 'ok', result: turn },
        { type: 'ok', result: turn },
        { type: 'ok' },
        { type: 'failed', verdict: 'retry', error },
        { type: 'failed', verdict: pick(['rejected', 'park', 'unusable']), error },
        ...(working.every(conditional) ? [{ type: 'skipped' } as const] : []),
      ];
      settle(pick(outcomes));
    } else nowMs += Math.floor(draw() * 600);
  }
  throw new Error(`no end after ${TURNS_MAX} turns: ${JSON.stringify(entries.slice(-5))}`);
}

const histories = (law: (h: History) => void, numRuns = 800): void => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => law(drive(build(shape), seed))),
    { numRuns },
  );
};

const indexOf = (h: History, wanted: (r: JournalRecord) => boolean): number =>
  h.entries.findIndex((e) => e.records.some(wanted));
const has = (h: History, wanted: (r: JournalRecord) => boolean): boolean => indexOf(h, wanted) !== -1;
const flat = (h: History): readonly JournalRecord[] => h.entries.flatMap((e) => e.records);
const stageOf = (h: History, step: string): number => h.definition.nodes.get(step)!.stage;

/** Computed from the journal alone: the first stage with a node that nothing has settled. */
function currentStageAt(h: History, entries: number): number {
  const settled = new Set<string>();
  for (const record of h.entries.slice(0, entries).flatMap((e) => e.records)) {
    if (record.type === 'done' || record.type === 'skipped') settled.add(record.step);
    if (record.type === 'received') settled.add(record.name);
    if (record.type === 'elapsed' && h.definition.nodes.get(record.name)!.node.kind === 'sleep') {
      settled.add(record.name);
    }
  }
  const open = h.definition.stages.findIndex((stage) => stage.some((n) => !settled.has(n.name)));
  return open === -1 ? h.definition.stages.length : open;
}

describe('any history of any saga', () => {
  it('ends, completed or compensated, with one terminal record at its very end', () => {
    histories((h) => {
      const ends = flat(h).filter((r) => r.type === 'completed' || r.type === 'compensated');
      expect(ends).toHaveLength(1);
      expect(flat(h).at(-1)).toBe(ends[0]);
      expect(h.state.phase).toBe(ends[0]!.type);
    });
  });

  it('is completed only when every node is settled', () => {
    histories((h) => {
      if (h.state.phase !== 'completed') return;
      expect(currentStageAt(h, h.entries.length)).toBe(h.definition.stages.length);
      expect(flat(h).filter((r) => r.type === 'undone' || r.type === 'undoing')).toEqual([]);
    });
  });

  it('undoes exactly what was done, and what was under way when it was decided', () => {
    histories((h) => {
      if (h.state.phase !== 'compensated') return;
      const decided = indexOf(h, (r) => r.type === 'undoing');
      const current = currentStageAt(h, decided + 1);
      const undoable = [...h.definition.nodes.values()].filter((d) => typeof d.undo === 'function');
      const done = new Set(flat(h).flatMap((r) => (r.type === 'done' ? [r.step] : [])));
      const skipped = new Set(flat(h).flatMap((r) => (r.type === 'skipped' ? [r.step] : [])));
      const expected = undoable
        .filter((d) => done.has(d.node.name) || (d.stage === current && !skipped.has(d.node.name)))
        .map((d) => d.node.name);
      const undone = flat(h).flatMap((r) => (r.type === 'undone' ? [r.step] : []));
      expect([...undone].sort()).toEqual(expected.sort());
    });
  });

  it('undoes nothing that could not have been started', () => {
    histories((h) => {
      const decided = indexOf(h, (r) => r.type === 'undoing');
      for (const call of h.calls) {
        if (call.undo) expect(stageOf(h, call.step)).toBeLessThanOrEqual(currentStageAt(h, decided + 1));
      }
    });
  });

  it('undoes in the reverse order of completion, each stage only when the one after it is durably undone', () => {
    histories((h) => {
      const undone = flat(h).flatMap((r) => (r.type === 'undone' ? [r.step] : []));
      const done = flat(h).flatMap((r) => (r.type === 'done' && undone.includes(r.step) ? [r.step] : []));
      const stages = (steps: readonly string[]): number[] => steps.map((step) => stageOf(h, step));
      // In doubt or not, a later stage goes first; among steps of one stage the order is free.
      expect(stages(undone)).toEqual(stages(undone).sort((a, b) => b - a));
      expect(stages(done)).toEqual(stages(done).sort((a, b) => a - b));
      for (const call of h.calls) {
        if (!call.undo) continue;
        const before = h.entries.slice(0, call.entries).flatMap((e) => e.records);
        const later = undone.filter((step) => stageOf(h, step) > stageOf(h, call.step));
        for (const step of later) expect(before.some((r) => r.type === 'undone' && r.step === step)).toBe(true);
      }
    });
  });

  it('starts no undo before the decision is durable, and no step after it', () => {
    histories((h) => {
      const decided = indexOf(h, (r) => r.type === 'undoing');
      for (const call of h.calls) expect(call.undo).toBe(decided !== -1 && call.entries > decided);
    });
  });

  it('starts a step only when every step before it is durable', () => {
    histories((h) => {
      for (const call of h.calls) {
        if (!call.undo) expect(stageOf(h, call.step)).toBe(currentStageAt(h, call.entries));
      }
    });
  });

  it('never undoes a done pivot, and only a rejection turns back at one that must be known', () => {
    histories((h) => {
      const pivot = h.definition.nodes.get('pivot');
      const reached = pivot !== undefined && currentStageAt(h, h.entries.length) >= pivot.stage;
      if (!reached) return;
      if (has(h, (r) => r.type === 'done' && r.step === 'pivot')) expect(h.state.phase).toBe('completed');
      else if (pivot.undo === 'retry-until-known' && h.state.phase === 'compensated') {
        expect(h.state.reason).toMatchObject({ kind: 'rejected', step: 'pivot' });
      }
    }, 2000);
  });

  it('counts attempts from 1 without a gap, also across takeovers', () => {
    histories((h) => {
      const next = new Map<string, number>();
      let stuckAt = '';
      for (const record of flat(h)) {
        if (record.type === 'stuck') stuckAt = record.step;
        // A person's retry begins a new series.
        if (record.type === 'resumed') for (const way of ['f', 'u']) next.delete(way + stuckAt);
        if (record.type !== 'failed') continue;
        const id = (record.undo ? 'u' : 'f') + record.step;
        expect(record.attempt).toBe(next.get(id) ?? 1);
        next.set(id, record.attempt + 1);
      }
    });
  });
});

describe('plan', () => {
  it('takes results before failures that came with them, so they are undone knowing their result', () => {
    const definition = build({ early: [['step', 'step']], pivot: 'none', late: [], deadline: false });
    const state = fold('r', [
      { seq: 0, fence: 0, atMs: 0, records: [{ type: 'started', v: 1, input: null, by: 'w/0' }] },
    ]);
    const settled: Settled[] = [
      {
        step: 's0-0',
        undo: false,
        attempt: 1,
        outcome: { type: 'failed', verdict: 'rejected', error: { name: 'E', message: 'no' } },
        tookMs: 0,
        random: 0,
      },
      { step: 's0-1', undo: false, attempt: 1, outcome: { type: 'ok', result: 7 }, tookMs: 0, random: 0 },
    ];
    const { records, next } = plan(definition, state, { settled, mail: [], isWorking: false }, 0, LIMITS);
    expect(records.map((r) => r.type)).toEqual(['done', 'failed', 'undoing']);
    expect(next.nodes.get('s0-1')).toMatchObject({ status: 'done', result: 7 });
  });
});

describe('evolve', () => {
  const started: JournalRecord = { type: 'started', v: 1, input: null, by: 'w/0' };
  const undoing: JournalRecord = { type: 'undoing', reason: { kind: 'cancelled', message: 'm' } };
  const done: JournalRecord = { type: 'done', step: 'a', attempt: 1, tookMs: 0 };
  const failed: JournalRecord = {
    type: 'failed',
    step: 'a',
    undo: false,
    attempt: 1,
    error: { name: 'E', message: 'e' },
    retryInMs: 0,
    tookMs: 0,
  };
  const entry = (seq: number, records: readonly JournalRecord[], fence = 0): JournalEntry => ({
    seq,
    fence,
    atMs: seq,
    records,
  });
  const journalOf = (...records: JournalRecord[]): JournalEntry[] => records.map((r, i) => entry(i, [r]));
  const refused = (entries: readonly JournalEntry[]): void => {
    let error: unknown;
    try {
      fold('r', entries);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(SagaError);
    expect((error as SagaError).code).toBe('SAGA_CORRUPT_JOURNAL');
  };

  it.each<[string, readonly JournalRecord[]]>([
    ['a journal that does not begin with started', [done]],
    ['started twice', [started, started]],
    ['a step done twice', [started, done, done]],
    ['a failure after success', [started, done, failed]],
    ['an attempt number out of turn', [started, failed, failed]],
    ['an undo before the decision', [started, done, { type: 'undone', step: 'a' }]],
    ['a step undone twice', [started, undoing, { type: 'undone', step: 'a' }, { type: 'undone', step: 'a' }]],
    ['a step done after the decision to undo', [started, undoing, done]],
    ['a second decision', [started, undoing, undoing]],
    ['compensated without a decision', [started, { type: 'compensated' }]],
    ['completed while undoing', [started, undoing, { type: 'completed' }]],
    ['anything after the end', [started, { type: 'completed' }, { type: 'overdue' }]],
    ['resumed without being stuck', [started, { type: 'resumed', by: 'ann', action: 'retry' }]],
    ['time up for a wait that has not begun', [started, { type: 'elapsed', name: 'w' }]],
    ['overdue without a deadline', [started, { type: 'overdue' }]],
  ])('refuses %s', (_, records) => refused(journalOf(...records)));

  it('refuses a gap, a stale fence, a claim that is not alone, and an empty journal', () => {
    const claimed: JournalRecord = { type: 'claimed', by: 'w', orphan: true };
    refused([entry(0, [started]), entry(2, [done])]);
    refused([entry(0, [started]), entry(1, [claimed], 1), entry(2, [done], 0)]);
    refused([entry(0, [started]), entry(1, [claimed, done], 1)]);
    refused([entry(0, [started]), entry(1, [claimed], 0)]);
    refused([]);
  });

  it('refuses bodies that are no records of this version', () => {
    const body = (text: string) => () => decodeEntry('r', { seq: 0, fence: 0, atMs: 0, body: text });
    expect(body('{')).toThrow(/not JSON/);
    expect(body('{}')).toThrow(/not an array/);
    expect(body('[1]')).toThrow(/unknown record/);
    expect(body('[{"type":"exploded"}]')).toThrow(/unknown record exploded/);
    expect(body('[{"type":"started","v":2}]')).toThrow(/format 2/);
  });
});
