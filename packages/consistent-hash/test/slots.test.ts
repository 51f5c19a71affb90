import { describe, expect, it } from 'vitest';
import { redisSlot, redisSlotHash } from '../src/compat/redis-slot.ts';
import { plan, slots, slotsFromJSON } from '../src/slots.ts';
import type { SlotOwners } from '../src/slots.ts';

const error = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ name: 'PlacementError', code, message: expect.stringMatching(message) });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${String(i)}`);
const four: SlotOwners[] = [
  { from: 0, to: 1, id: 'a' },
  { from: 2, to: 3, id: 'b' },
];

describe('slots', () => {
  it('give the values of the wire format', () => {
    const map = slots(['c', 'a', { id: 'b', weight: 2 }]);
    expect(Array.from({ length: 20 }, (_, i) => map.locate(String(i)).id).join('')).toBe('bbabbaaababccbabbbcc');
    expect(JSON.stringify(map)).toBe(
      '{"v":1,"kind":"slots","hash":"xxh32","seed":0,"count":16384,"owners":[{"from":0,"to":4095,"id":"a"},' +
        '{"from":4096,"to":12287,"id":"b"},{"from":12288,"to":16383,"id":"c"}],"nodes":[{"id":"a","weight":1},' +
        '{"id":"b","weight":2},{"id":"c","weight":1}],"fingerprint":"fbd2b36901f85aa3"}',
    );
    const ten = slots(numbered(10));
    const replicas = ['0', '1', '2'].map((key) => ten.locateN(key, 4).map(({ id }) => id.slice(5)));
    expect(replicas.map((set) => set.join(''))).toEqual(['2970', '7826', '0457']);
  });

  it('are 16,384 unless told, and 1 or 2^20 if told', () => {
    expect(slots(['a']).count).toBe(16_384);
    expect(slots(['a'], { count: 1 }).locate('any').id).toBe('a');
    const most = slots(['a', 'b', 'c'], { count: 2 ** 20 });
    expect(most.slotsOf('b')).toHaveLength(349_525);
    expect([most.owner(0).id, most.owner(2 ** 20 - 1).id]).toEqual(['a', 'c']);
    expect(most.locateHash(0xffffffff).id).toBe('c');
  });

  it('are named by the top bits of a hash when their number is a power of two', () => {
    const map = slots(['a', 'b']);
    for (const key of ['x', 'user:42', 'ż']) expect(map.slotOf(key)).toBe(map.hashOf(key) >>> 18);
  });

  it('go to 65,537 nodes as to 65,536', () => {
    for (const count of [65_536, 65_537]) {
      const map = slots(numbered(count), { count });
      expect(map.owner(count - 1)).toBe(map.nodes[count - 1]);
      expect(map.owner(0)).toBe(map.nodes[0]);
    }
  });

  it('hold data with their nodes, through all changes', () => {
    const map = slots(
      [
        { id: 'a', data: 1 },
        { id: 'b', data: 2 },
      ],
      { count: 4 },
    ).with({ id: 'c', data: 3 });
    expect(map.assign([{ slot: 0, from: 'a', to: 'c' }]).owner(0).data).toBe(3);
    expect(slotsFromJSON(map.toJSON(), { data: (id) => id.toUpperCase() }).owner(0).data).toBe('A');
  });

  it('may leave a node without any: a joining one owns nothing until it is given something', () => {
    const map = slots(['a', 'b', 'joining'], { count: 4, owners: four });
    expect(map.slotsOf('joining')).toEqual([]);
    expect(map.shares().get('joining')).toBe(0);
    expect([...map.ranges()].map(({ node }) => node.id)).toEqual(['a', 'b']);
    expect(map.locateN('k', 3).map(({ id }) => id)).toContain('joining');
    expect(plan(map, map.nodes)).toHaveLength(1);
    const tiny = slots(['a', { id: 'tiny', weight: 1e-9 }], { count: 4 });
    expect(tiny.slotsOf('tiny')).toEqual([]);
  });

  it('are those of Redis Cluster with its hash', () => {
    const map = slots(['a', 'b', 'c'], { hash: redisSlotHash });
    for (const key of ['foo', '{user:42}:name', 'user:42', '', '{}x', 'ż', '123456789']) {
      expect(map.slotOf(key)).toBe(redisSlot(key));
    }
    expect(map.owner(12_182)).toBe(map.locate('foo'));
    expect(() => slotsFromJSON(map.toJSON())).toThrow(error('HASH_MISMATCH', /"redis-slot"/));
    expect(slotsFromJSON(map.toJSON(), { hashes: [redisSlotHash] }).slotOf('foo')).toBe(12_182);
  });

  it('spread n nodes over n zones, one set for all keys of a slot', () => {
    const nodes = numbered(9).map((id, i) => ({ id, zone: 'xyz'[i % 3]! }));
    const map = slots(nodes, { count: 16 });
    const sets = new Map<number, string>();
    for (let i = 0; i < 200; i++) {
      const found = map.locateN(`k${String(i)}`, 3, { distinctBy: 'zone' });
      expect(new Set(found.map(({ zone }) => zone)).size).toBe(3);
      const text = found.map(({ id }) => id).join();
      const slot = map.slotOf(`k${String(i)}`);
      expect(sets.get(slot) ?? text).toBe(text);
      sets.set(slot, text);
    }
    expect(new Set(sets.values()).size).toBeGreaterThan(10);
  });

  it('move 1489 of 16,384 from ten nodes to an eleventh: its share, rounded down', () => {
    const map = slots(numbered(10));
    const moves = plan(map, numbered(11));
    expect(moves).toHaveLength(1489);
    expect(map.with('node-10').slotsOf('node-10')).toHaveLength(1489);
  });

  it.each([0, 1, 2, 1488, 1489, 1490, Number.MAX_SAFE_INTEGER])('plan at most %i moves when told to', (maxMoves) => {
    const map = slots(numbered(10));
    expect(plan(map, numbered(11), { maxMoves })).toEqual(plan(map, numbered(11)).slice(0, maxMoves));
  });

  it('empty the nodes that are not wanted before all others', () => {
    const map = slots(numbered(10), { count: 100 }).reweight('node-1', 30);
    const moves = plan(map, numbered(9));
    const last = moves.findLastIndex(({ from }) => from === 'node-9');
    expect(moves.slice(0, last + 1).every(({ from }) => from === 'node-9')).toBe(true);
    expect(moves.length).toBeGreaterThan(last + 1);
  });
});

describe('slots refuse', () => {
  const map = slots(['a', 'b', 'c'], { count: 4, owners: four });

  it.each([0, -1, 2, 2.5, NaN, '16', null, 2 ** 20 + 1])('a count of %o for three nodes', (count) => {
    const make = (): unknown => slots(['a', 'b', 'c'], { count: count as number });
    if (count === null) expect(make).not.toThrow();
    else expect(make).toThrow(error('BAD_OPTION', /count must be an integer in 3\.\.1048576; got/));
  });

  it('more nodes than slots, on each way in', () => {
    const full = slots(['a', 'b'], { count: 2 });
    const few = error('BAD_OPTION', /count must be an integer in 3\.\.1048576; got 2/);
    expect(() => full.with('c')).toThrow(few);
    expect(() => plan(full, ['a', 'b', 'c'])).toThrow(few);
    const json = { ...full.toJSON(), nodes: [...full.toJSON().nodes, { id: 'c', weight: 1 }] };
    expect(() => slotsFromJSON(json)).toThrow(few);
  });

  it.each<[string, unknown, string, RegExp]>([
    ['that are none', [], 'BAD_OPTION', /cover 0\.\.3; got a value of type object/],
    ['that are no array', { from: 0, to: 3, id: 'a' }, 'BAD_OPTION', /cover 0\.\.3; got a value of type object/],
    ['that end early', [{ from: 0, to: 2, id: 'a' }], 'BAD_OPTION', /cover 0\.\.3/],
    ['that go on', [...four, { from: 4, to: 4, id: 'a' }], 'BAD_OPTION', /to of a run of owners .* got 4/],
    ['with a gap', [four[0], { from: 3, to: 3, id: 'b' }], 'BAD_OPTION', /begins at slot 2 must be 2; got 3/],
    ['that overlap', [four[0], { from: 1, to: 3, id: 'b' }], 'BAD_OPTION', /begins at slot 2 must be 2; got 1/],
    ['out of order', [four[1], four[0]], 'BAD_OPTION', /begins at slot 0 must be 0; got 2/],
    ['with an end before its start', [{ from: 0, to: -1, id: 'a' }], 'BAD_OPTION', /in 0\.\.3; got -1/],
    ['with half a slot', [{ from: 0, to: 0.5, id: 'a' }], 'BAD_OPTION', /got 0.5/],
    ['with text for a slot', [{ from: '0', to: 3, id: 'a' }], 'BAD_OPTION', /must be 0; got "0"/],
    ['that are null', [null], 'BAD_OPTION', /must be 0; got undefined/],
    ['with an unknown id', [{ from: 0, to: 3, id: 'zz' }], 'UNKNOWN_NODE', /"zz"/],
    ['with a number for an id', [{ from: 0, to: 3, id: 7 }], 'UNKNOWN_NODE', /7/],
  ])('owners %s, given or in JSON', (_, owners, code, message) => {
    expect(() => slots(['a', 'b'], { count: 4, owners: owners as SlotOwners[] })).toThrow(error(code, message));
    const inJSON = Array.isArray(owners) ? error(code, message) : error('BAD_JSON', /owners must be of type array/);
    expect(() => slotsFromJSON({ ...map.toJSON(), owners } as never)).toThrow(inJSON);
  });

  it.each<[string, object]>([
    ['another owner', { owners: [{ from: 0, to: 3, id: 'a' }] }],
    [
      'another weight',
      {
        nodes: [
          { id: 'a', weight: 2 },
          { id: 'b', weight: 1 },
          { id: 'c', weight: 1 },
        ],
      },
    ],
    ['no count', { count: undefined }],
    ['text for a count', { count: '4' }],
    ['no owners', { owners: undefined }],
    ['another kind', { kind: 'ring' }],
    ['no fingerprint', { fingerprint: undefined }],
  ])('JSON with %s', (_, change) => {
    expect(() => slotsFromJSON({ ...map.toJSON(), ...change })).toThrow(expect.objectContaining({ code: 'BAD_JSON' }));
  });

  it('JSON that lost a part of its text', () => {
    const text = JSON.stringify(map);
    for (const field of Object.keys(map.toJSON())) {
      const { [field]: _lost, ...rest } = JSON.parse(text) as Record<string, unknown>;
      expect(() => slotsFromJSON(rest as never)).toThrow(expect.objectContaining({ name: 'PlacementError' }));
    }
  });

  it.each([-1, 4, 1.5, NaN, '1'])('the slot %o', (slot) => {
    const bad = error('BAD_OPTION', /slot must be an integer in 0\.\.3; got/);
    expect(() => map.owner(slot as number)).toThrow(bad);
    expect(() => map.assign([{ slot: slot as number, from: 'a', to: 'b' }])).toThrow(bad);
  });

  it.each([-1, 2 ** 32, 0.5, NaN])('the hash %o', (hash) => {
    expect(() => map.locateHash(hash)).toThrow(
      error('BAD_OPTION', /a hash must be an integer in 0\.\.4294967295; got/),
    );
  });

  it('a stale move, and then do none of the others', () => {
    const stale = error('STALE_MOVE', /slot 2 belongs to "b"; the move takes it from "a"/);
    const moves = [
      { slot: 0, from: 'a', to: 'c' },
      { slot: 2, from: 'a', to: 'c' },
    ];
    expect(() => map.assign(moves)).toThrow(stale);
    expect(map.slotsOf('c')).toEqual([]);
    // The same list twice: whoever was paused finds out.
    const done = map.assign(moves.slice(0, 1));
    expect(() => done.assign(moves.slice(0, 1))).toThrow(error('STALE_MOVE', /slot 0 belongs to "c"/));
    expect(() => map.assign([{ slot: 0, from: 'nobody', to: 'c' }])).toThrow(error('STALE_MOVE', /"nobody"/));
  });

  it('moves to and questions about unknown nodes', () => {
    expect(() => map.assign([{ slot: 0, from: 'a', to: 'zz' }])).toThrow(error('UNKNOWN_NODE', /"zz"/));
    expect(() => map.slotsOf('zz')).toThrow(error('UNKNOWN_NODE', /"zz"/));
    expect(() => map.reweight('zz', 1)).toThrow(error('UNKNOWN_NODE', /"zz"/));
    expect(() => map.reweight('a', 0)).toThrow(error('BAD_WEIGHT', /got 0/));
  });

  it.each([-1, 0.5, NaN, Infinity, '3'])('a plan of at most %o moves', (maxMoves) => {
    expect(() => plan(map, ['a'], { maxMoves: maxMoves as number })).toThrow(
      error('BAD_OPTION', /maxMoves must be an integer in 0\.\./),
    );
  });

  it('a plan for nodes that make no sense', () => {
    expect(() => plan(map, [])).toThrow(error('NO_NODES', /got none/));
    expect(() => plan(map, ['a', 'a'])).toThrow(error('DUPLICATE_ID', /"a" twice/));
    expect(() => plan(map, 'a' as never)).toThrow(error('BAD_OPTION', /nodes/));
  });
});
