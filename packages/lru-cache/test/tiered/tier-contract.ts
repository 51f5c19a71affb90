/** What every tier must do, checked against a model that is one record per key. Without time: see the tests of fences. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RemoteTier } from '../../src/tiered/index.ts';

interface Modelled {
  value: string | undefined;
  fence: string | undefined;
  leased: boolean;
}

interface Model {
  readonly records: Map<string, Modelled>;
  /** Of each tag, as last answered. */
  readonly versions: Map<string, string>;
  readonly everVersions: Set<string>;
  readonly everFences: Set<string>;
}

const recordOf = ({ records }: Model, key: string): Modelled => {
  let record = records.get(key);
  if (record === undefined) records.set(key, (record = { value: undefined, fence: undefined, leased: false }));
  return record;
};

type Command = fc.AsyncCommand<Model, Required<RemoteTier>>;

function command(name: string, run: (model: Model, tier: Required<RemoteTier>) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

const long = 60_000;

export function tierContract(
  name: string,
  make: () => Required<RemoteTier> | Promise<Required<RemoteTier>>,
  numRuns: number,
): void {
  // Names that a tier might take for something of its own.
  const key = fc.constantFrom('a', 'b', '', '%', '{a}', '}{', '%7b', 'a:f', 'a:l', 'Größe 😀');
  const text = fc.constantFrom('', '1', 'two', '{"three":3}', '\u0000', 'x'.repeat(1000));
  const commands = [
    fc.tuple(key, fc.option(text, { nil: undefined })).map(([k, unlike]) =>
      command(`read ${k} unlike ${String(unlike)}`, async (model, tier) => {
        const record = recordOf(model, k);
        const read = await tier.read(k, long, unlike);
        if (record.value !== undefined && record.value !== unlike) {
          expect(read).toMatchObject({ kind: 'hit', value: record.value });
          if (read.kind === 'hit') expect(read.remainingMs).toBeGreaterThan(long / 2);
          if (read.kind === 'hit') expect(read.remainingMs).toBeLessThanOrEqual(long);
          return;
        }
        expect(read).toMatchObject({ kind: 'miss', leader: !record.leased });
        if (read.kind !== 'miss') return;
        if (record.fence === undefined) {
          expect(model.everFences.has(read.fence), 'a new fence is new').toBe(false);
          model.everFences.add(read.fence);
        } else expect(read.fence).toBe(record.fence);
        record.fence = read.fence;
        record.leased = true;
      }),
    ),
    fc.tuple(key, text, fc.constantFrom('standing', 'old', 'of another key')).map(([k, value, which]) =>
      command(`fill ${k} with a fence ${which}`, async (model, tier) => {
        const record = recordOf(model, k);
        const others = [...model.everFences].filter((fence) => fence !== record.fence);
        const fence = which === 'standing' ? record.fence : others[0];
        const stored = await tier.fill(k, value, long, fence ?? 'never seen');
        expect(stored).toBe(fence !== undefined && fence === record.fence);
        if (stored) Object.assign(record, { value, leased: false });
      }),
    ),
    fc.uniqueArray(key, { maxLength: 3 }).map((keys) =>
      command(`remove ${keys.join()}`, async (model, tier) => {
        await tier.remove(keys);
        for (const k of keys) model.records.delete(k);
      }),
    ),
    key.map((k) =>
      command(`release ${k}`, async (model, tier) => {
        await tier.release(k);
        recordOf(model, k).leased = false;
      }),
    ),
    fc.uniqueArray(key, { minLength: 1, maxLength: 3 }).map((tags) =>
      command(`versions ${tags.join()}`, async (model, tier) => {
        const versions = await tier.versions(tags, long);
        expect(versions).toHaveLength(tags.length);
        for (const [i, tag] of tags.entries()) {
          const version = versions[i]!;
          const known = model.versions.get(tag);
          if (known !== undefined) expect(version).toBe(known);
          else expect(model.everVersions.has(version), 'a new version is new').toBe(false);
          model.versions.set(tag, version);
          model.everVersions.add(version);
        }
      }),
    ),
    fc.uniqueArray(key, { maxLength: 3 }).map((tags) =>
      command(`renew ${tags.join()}`, async (model, tier) => {
        await tier.renew(tags);
        for (const tag of tags) model.versions.delete(tag);
      }),
    ),
  ];

  it(`${name} keeps the rules of fence, lease and version`, { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 60 }), async (cmds) => {
        const real = await make();
        const model: Model = {
          records: new Map(),
          versions: new Map(),
          everVersions: new Set(),
          everFences: new Set(),
        };
        await fc.asyncModelRun(() => ({ model, real }), cmds);
      }),
      { numRuns },
    );
  });

  // The two that matter most, without waiting for chance to try them.
  it(`${name}: what was asked for before a removal cannot be stored after it`, async () => {
    const tier = await make();
    const before = await tier.read('k', long);
    if (before.kind !== 'miss') throw new Error('must miss');
    await tier.remove(['k']);
    expect(await tier.fill('k', 'old', long, before.fence)).toBe(false);
    const after = await tier.read('k', long);
    expect(after).toMatchObject({ kind: 'miss', leader: true });
    expect(after).not.toMatchObject({ fence: before.fence });
    expect(await tier.fill('k', 'old', long, before.fence)).toBe(false);
  });

  it(`${name}: a leader who has nothing to fill in lets another lead`, async () => {
    const tier = await make();
    expect(await tier.read('k', long)).toMatchObject({ leader: true });
    expect(await tier.read('k', long)).toMatchObject({ leader: false });
    await tier.release('k');
    expect(await tier.read('k', long)).toMatchObject({ leader: true });
  });
}
