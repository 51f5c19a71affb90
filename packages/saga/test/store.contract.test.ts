/** What every store promises, on each of them. */
import { describe, expect, it } from 'vitest';
import type { Append, SagaStore, StoredEntry } from '../src/index.ts';
import { manualClock } from '../src/testing/manual-clock.ts';
import type { ManualClock } from '../src/testing/manual-clock.ts';
import { STORES } from './stores.ts';

const KIND = 'k@1#0';
const LEASE_MS = 1000;

describe.each(STORES)('$name', ({ open, keeps }) => {
  const opened = async (): Promise<{ store: SagaStore; clock: ManualClock; reopen: () => Promise<SagaStore> }> => {
    const clock = manualClock();
    const under = await open(clock);
    return { store: under.store, clock, reopen: async () => (await under.reopen()).store };
  };
  const create = (store: SagaStore, id: string, worker: string | null = null, dueInMs = 0) =>
    store.create([{ id, kind: KIND, worker, dueInMs, body: `["${id}"]` }]);
  const append = async (store: SagaStore, row: Partial<Append> & { run: string; seq: number }) =>
    (await store.append([{ fence: 0, body: `[${row.seq}]`, ...row }]))[0]!;
  const claim = async (store: SagaStore, worker: string, limit = 100): Promise<string[]> => {
    await store.renew(worker, LEASE_MS);
    return (await store.claim({ worker, kinds: [KIND], limit })).runs.map((r) => r.id);
  };
  const entries = async (store: SagaStore, id: string): Promise<readonly StoredEntry[]> =>
    (await store.load([id]))[0]!.entries;

  it('creates a run once per id, also twice in one batch, and answers with what is there', async () => {
    const { store } = await opened();
    const row = { id: 'r', kind: KIND, worker: null, body: '["first"]' };
    const answers = await store.create([row, { ...row, body: '["second"]' }]);
    expect(answers.map((a) => a.status)).toEqual(['created', 'existing']);
    expect((await store.create([{ ...row, kind: 'other' }]))[0]).toEqual({
      status: 'existing',
      kind: KIND,
      body: '["first"]',
    });
  });

  it('writes a free seq with its own time, and refuses a taken one, a gap and an unknown run, without any effect', async () => {
    const { store, clock } = await opened();
    await create(store, 'r');
    clock.advance(7);
    expect(await append(store, { run: 'r', seq: 1 })).toEqual({ status: 'written', atMs: clock.now() });
    const conflict = { status: 'conflict' };
    expect(await append(store, { run: 'r', seq: 1, status: 'completed' })).toEqual(conflict);
    expect(await append(store, { run: 'r', seq: 3, status: 'completed' })).toEqual(conflict);
    expect(await append(store, { run: 'nobody', seq: 1 })).toEqual(conflict);
    expect((await store.load(['r']))[0]).toMatchObject({ status: 'open' });
    expect(await entries(store, 'r')).toHaveLength(2);
  });

  it('answers each row of a batch by itself, in order, and takes one row per run', async () => {
    const { store } = await opened();
    for (const id of ['a', 'b', 'c']) await create(store, id);
    const row = (run: string, seq: number): Append => ({ run, seq, fence: 0, body: '[]' });
    const answers = await store.append([row('c', 1), row('a', 5), row('b', 1)]);
    expect(answers.map((a) => a.status)).toEqual(['written', 'conflict', 'written']);
    await expect(store.append([row('a', 1), row('a', 2)])).rejects.toThrow(TypeError);
  });

  it('gives one seq to one of many who want it', async () => {
    const { store } = await opened();
    await create(store, 'r');
    for (let seq = 1; seq < 50; seq++) {
      const racers = await Promise.all([1, 2, 3].map((n) => append(store, { run: 'r', seq, body: `[${n}]` })));
      expect(racers.filter((a) => a.status === 'written')).toHaveLength(1);
    }
  });

  it('gives an append or a claim the seq, never both', async () => {
    const { store, clock } = await opened();
    for (let i = 0; i < 50; i++) {
      const id = `r${i}`;
      await store.renew(`a${i}`, LEASE_MS);
      await create(store, id, `a${i}`);
      clock.advance(LEASE_MS + 1);
      const [written, claimed] = await Promise.all([append(store, { run: id, seq: 1 }), claim(store, `b${i}`)]);
      expect(claimed).toContain(id);
      const bodies = (await entries(store, id)).map((e) => e.body);
      expect(bodies).toHaveLength(written.status === 'written' ? 3 : 2);
      expect(JSON.parse(bodies.at(-1)!)).toMatchObject([{ type: 'claimed', by: `b${i}`, orphan: true }]);
    }
  });

  it('claims what is due, of the kinds asked for, at most as many, and each for one worker', async () => {
    const { store } = await opened();
    for (let i = 0; i < 30; i++) await create(store, `r${i}`);
    await store.create([{ id: 'other', kind: 'else', worker: null, body: '[]' }]);
    expect(await claim(store, 'few', 5)).toHaveLength(5);
    const [a, b] = await Promise.all([claim(store, 'a', 20), claim(store, 'b', 20)]);
    expect(new Set([...a, ...b]).size).toBe(25);
    expect(a.length + b.length).toBe(25);
    expect(await claim(store, 'c')).toEqual([]);
  });

  it('makes the claim an entry whose seq is the fence, and hands out the whole journal with it', async () => {
    const { store } = await opened();
    await create(store, 'r');
    await append(store, { run: 'r', seq: 1 });
    await store.renew('w', LEASE_MS);
    const { runs } = await store.claim({ worker: 'w', kinds: [KIND], limit: 1 });
    expect(runs[0]!.entries.map((e) => [e.seq, e.fence])).toEqual([
      [0, 0],
      [1, 0],
      [2, 2],
    ]);
    expect(JSON.parse(runs[0]!.entries[2]!.body)).toEqual([{ type: 'claimed', by: 'w', orphan: false }]);
  });

  it('lets nobody without a lease claim or be born an owner', async () => {
    const { store, clock } = await opened();
    await create(store, 'r', 'never-renewed');
    expect((await store.claim({ worker: 'ghost', kinds: [KIND], limit: 9 })).runs).toEqual([]);
    expect(await claim(store, 'w')).toEqual(['r']);
    clock.advance(LEASE_MS + 1);
    expect((await store.claim({ worker: 'w', kinds: [KIND], limit: 9 })).runs).toEqual([]);
  });

  it('keeps bodies byte for byte: escapes, U+0000, astral characters, 300 KiB', async () => {
    const { store, reopen } = await opened();
    await create(store, 'r');
    const bodies = [JSON.stringify(['"\\\u0000\n\u2028é😀\ud800']), JSON.stringify(['😀'.repeat(150_001)])];
    for (const [i, body] of bodies.entries()) await append(store, { run: 'r', seq: i + 1, body });
    expect((await entries(store, 'r')).map((e) => e.body).slice(1)).toEqual(bodies);
    expect((await entries(await reopen(), 'r')).map((e) => e.body).slice(1)).toEqual(bodies);
  });

  it('keeps an entry that is larger than any single append to the log', async () => {
    const { store, reopen } = await opened();
    await create(store, 'r');
    const body = JSON.stringify(['漢'.repeat(3_000_000)]);
    expect(await append(store, { run: 'r', seq: 1, body })).toMatchObject({ status: 'written' });
    expect((await entries(await reopen(), 'r'))[1]!.body === body).toBe(true);
  });

  it('does not give out a run before it is due, and says when to ask again', async () => {
    const { store, clock } = await opened();
    await create(store, 'r', null, 500);
    await store.renew('w', 10_000);
    const ask = () => store.claim({ worker: 'w', kinds: [KIND], limit: 9 });
    expect(await ask()).toEqual({ runs: [], nextDueInMs: 500 });
    clock.advance(499);
    expect(await ask()).toEqual({ runs: [], nextDueInMs: 1 });
    clock.advance(1);
    expect((await ask()).runs).toHaveLength(1);
    expect((await ask()).nextDueInMs).toBeNull();
    await append(store, { run: 'r', seq: 2, fence: 1, releaseInMs: 300 });
    expect(await ask()).toEqual({ runs: [], nextDueInMs: 300 });
  });

  it('renews a lease that lives, and never one that has expired', async () => {
    const { store, clock } = await opened();
    expect((await store.renew('w', LEASE_MS)).lost).toBe(false);
    await create(store, 'r', 'w');
    clock.advance(LEASE_MS);
    expect((await store.renew('w', LEASE_MS)).lost).toBe(false);
    expect(await claim(store, 'x')).toEqual([]);
    clock.advance(LEASE_MS + 1);
    expect((await store.renew('w', LEASE_MS)).lost).toBe(true);
    expect((await store.renew('w', LEASE_MS)).lost).toBe(true);
    expect(await claim(store, 'y')).toEqual(['r']);
  });

  it('hands the runs of a retired worker on at once, not as orphans', async () => {
    const { store } = await opened();
    await store.renew('w', LEASE_MS);
    await create(store, 'r', 'w');
    await store.retire('w');
    expect(await claim(store, 'x')).toEqual(['r']);
    expect((await entries(store, 'r')).at(-1)!.body).toContain('"orphan":false');
    expect((await store.renew('w', LEASE_MS)).lost).toBe(true);
  });

  it('answers renew with a time that follows its clock and never goes back', async () => {
    const { store, clock } = await opened();
    const first = (await store.renew('w', LEASE_MS)).nowMs;
    clock.advance(250);
    expect((await store.renew('w', LEASE_MS)).nowMs).toBe(first + 250);
  });

  it('numbers mail, drops duplicates, and knows ended, unknown and full', async () => {
    const { store } = await opened();
    await store.renew('w', LEASE_MS);
    await create(store, 'r', 'w');
    const mail = (run: string, dedupe: string, key = 'k') => ({ run, key, dedupe, body: dedupe });
    expect(await store.send([mail('r', '1'), mail('r', '1'), mail('nobody', '1'), mail('r', '2')])).toEqual([
      'stored',
      'duplicate',
      'unknown',
      'stored',
    ]);
    expect((await store.renew('w', LEASE_MS)).mail.map((m) => [m.n, m.body])).toEqual([
      [1, '1'],
      [2, '2'],
    ]);
    await store.send(Array.from({ length: 998 }, (_, i) => mail('r', `more${i}`)));
    expect(await store.send([mail('r', 'one too many'), mail('r', 'c', '$cancel')])).toEqual(['full', 'stored']);
    await append(store, { run: 'r', seq: 1, mailSeen: 1001 });
    expect((await store.renew('w', LEASE_MS)).mail).toEqual([]);
    await append(store, { run: 'r', seq: 2, status: 'completed' });
    expect(await store.send([mail('r', '3')])).toEqual(['ended']);
  });

  it('wakes a waiting and a stuck run by mail', async () => {
    const { store } = await opened();
    await create(store, 'waits', null, 100_000);
    await store.renew('w', LEASE_MS);
    await create(store, 'stuck', 'w');
    await append(store, { run: 'stuck', seq: 1, status: 'stuck' });
    expect(await claim(store, 'x')).toEqual([]);
    await store.send(['waits', 'stuck'].map((run) => ({ run, key: 'k', dedupe: 'd', body: 'b' })));
    expect((await claim(store, 'x')).sort()).toEqual(['stuck', 'waits']);
    expect((await store.load(['stuck']))[0]).toMatchObject({ status: 'open', mail: [{ n: 1 }] });
  });

  it('never lets a run sleep with mail that came while it was being given up', async () => {
    const { store } = await opened();
    await store.renew('w', LEASE_MS);
    for (let i = 0; i < 50; i++) {
      const run = `r${i}`;
      await create(store, run, 'w');
      const send = () => store.send([{ run, key: 'k', dedupe: 'd', body: 'b' }]);
      const give = () =>
        append(store, { run, seq: 1, ...(i % 3 ? { releaseInMs: 1e9 } : { status: 'stuck' as const }) });
      await Promise.all(i % 2 ? [send(), give()] : [give(), send()]);
      expect(await claim(store, 'x')).toEqual([run]);
    }
  });

  it('never changes a terminal status', async () => {
    const { store, reopen } = await opened();
    await create(store, 'r');
    await append(store, { run: 'r', seq: 1, status: 'compensated' });
    expect(await append(store, { run: 'r', seq: 2, status: 'completed' })).toEqual({ status: 'conflict' });
    expect(await claim(store, 'w')).toEqual([]);
    expect((await (await reopen()).load(['r']))[0]).toMatchObject({ status: 'compensated' });
  });

  it('lists by id, and the newest first, in pages that stay true while runs are added', async () => {
    const { store, clock } = await opened();
    for (const id of ['d', 'b', 'a', 'c', 'e']) {
      await create(store, id);
      clock.advance(10);
    }
    await append(store, { run: 'b', seq: 1, status: 'stuck' });
    const ids = async (order: 'id' | 'newest'): Promise<string[]> => {
      const all: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await store.list({ limit: 2, order, ...(after === undefined ? {} : { after }) });
        all.push(...page.runs.map((r) => r.id));
        if (page.next === null) return all;
        after = page.next;
        if (all.length === 2) await create(store, order === 'id' ? '0' : 'x');
      }
    };
    expect(await ids('newest')).toEqual(['e', 'c', 'a', 'b', 'd']);
    expect(await ids('id')).toEqual(['a', 'b', 'c', 'd', 'e', 'x']);
    expect((await store.list({ status: ['stuck'], limit: 9 })).runs.map((r) => r.id)).toEqual(['b']);
    expect((await store.list({ kinds: ['else'], limit: 9 })).runs).toEqual([]);
    expect((await store.list({ overdueMs: 25, limit: 9 })).runs.map((r) => r.id)).toEqual(['a', 'd']);
    await expect(store.list({ limit: 0 })).rejects.toThrow(/1\.\.1000; got 0/);
    await expect(store.list({ limit: 9, order: 'newest', after: 'x' })).rejects.toThrow(/after/);
    await expect(store.list({ limit: 9, order: 'size' as 'id' })).rejects.toThrow(/order/);
  });

  it('prunes only runs that have ended before', async () => {
    const { store, clock, reopen } = await opened();
    for (const id of ['old', 'open', 'stuck', 'new']) await create(store, id);
    await append(store, { run: 'old', seq: 1, status: 'completed' });
    await append(store, { run: 'stuck', seq: 1, status: 'stuck' });
    clock.advance(100);
    await append(store, { run: 'new', seq: 1, status: 'completed' });
    expect(await store.prune(clock.now(), 10)).toBe(1);
    expect(await store.prune(clock.now(), 10)).toBe(0);
    const left = (await (await reopen()).list({ limit: 9 })).runs.map((r) => r.id);
    expect(left).toEqual(['new', 'open', 'stuck']);
  });

  it('hints at free runs, mail and ends', async () => {
    const { store } = await opened();
    const hints = new Set<string>();
    const stop = store.watch((runs) => runs?.forEach((id) => hints.add(id)));
    await create(store, 'free');
    await store.renew('w', LEASE_MS);
    await create(store, 'owned', 'w');
    await append(store, { run: 'owned', seq: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect([...hints]).toEqual(['free']);
    await append(store, { run: 'owned', seq: 2, status: 'completed' });
    await new Promise((resolve) => setImmediate(resolve));
    expect([...hints]).toEqual(['free', 'owned']);
    stop();
  });

  it('takes and gives plain JSON', async () => {
    const { store } = await opened();
    const same = (value: unknown): void => expect(JSON.parse(JSON.stringify(value))).toEqual(value);
    same(await create(store, 'r'));
    same(await store.renew('w', LEASE_MS));
    same(await store.claim({ worker: 'w', kinds: [KIND], limit: 1 }));
    same(await store.load(['r', 'nobody']));
    same(await store.list({ limit: 1 }));
  });

  it('refuses every call after it is closed', async () => {
    const { store } = await opened();
    await store.close();
    const closed = { code: 'SAGA_CLOSED' };
    await expect(create(store, 'r')).rejects.toMatchObject(closed);
    await expect(store.load(['r'])).rejects.toMatchObject(closed);
    await expect(store.renew('w', LEASE_MS)).rejects.toMatchObject(closed);
  });

  it.runIf(keeps)(
    'finds everything acknowledged again, and makes the runs of the dead owner due, as orphans',
    async () => {
      const { store, clock, reopen } = await opened();
      await store.renew('w', LEASE_MS);
      await create(store, 'r', 'w');
      await create(store, 'later', null, 5000);
      await append(store, { run: 'r', seq: 1 });
      await store.send([{ run: 'r', key: 'k', dedupe: 'd', body: 'b' }]);
      const before = await store.load(['r', 'later']);
      const again = await reopen();
      expect(await again.load(['r', 'later'])).toEqual(before);
      expect(await again.send([{ run: 'r', key: 'k', dedupe: 'd', body: 'b' }])).toEqual(['duplicate']);
      expect(await claim(again, 'x')).toEqual(['r']);
      expect((await entries(again, 'r')).at(-1)!.body).toContain('"orphan":true');
      clock.advance(5000);
      expect(await claim(again, 'y')).toContain('later');
    },
  );
});
