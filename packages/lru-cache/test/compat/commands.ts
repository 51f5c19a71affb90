/** The options and commands that both sides of the comparison are given. */
import fc from 'fast-check';
import type { LRUCache } from '../../src/compat/index.ts';

type Base = LRUCache.OptionsBase<string, number, unknown>;

/** Constructor options; functions are made by the side, which writes down their calls. */
export interface Config extends Omit<Base, 'dispose' | 'disposeAfter' | 'onInsert' | 'fetchMethod' | 'memoMethod'> {
  sized: boolean;
  calls: Partial<Record<Called, boolean>> & { reenter?: boolean };
}
type Called = 'dispose' | 'disposeAfter' | 'onInsert' | 'fetchMethod' | 'memoMethod';

type GetOptions = Pick<Base, 'allowStale' | 'updateAgeOnGet' | 'noDeleteOnStaleGet'>;
type SetOptions = Pick<Base, 'ttl' | 'noDisposeOnSet' | 'noUpdateTTL'> & {
  size?: number;
  start?: number;
  calculated?: number;
};

export type Command =
  | { op: 'set'; key: string; tell: boolean; options: SetOptions & { value: number | undefined } }
  | { op: 'get'; key: string; tell: boolean; options: GetOptions }
  | { op: 'peek'; key: string; tell: boolean; options: Pick<Base, 'allowStale'> }
  | { op: 'has'; key: string; tell: boolean; options: Pick<Base, 'updateAgeOnHas'> }
  | {
      op: 'memo';
      key: string;
      tell: boolean;
      options: GetOptions & SetOptions & { forceRefresh?: boolean; context?: string };
    }
  | { op: 'find'; value: number; tell: boolean }
  | {
      op: 'fetch';
      key: string;
      tell: boolean;
      options: GetOptions &
        Pick<Base, 'ttl' | 'noDisposeOnSet' | 'noUpdateTTL'> &
        Pick<Base, 'allowStaleOnFetchAbort' | 'allowStaleOnFetchRejection'> &
        Pick<Base, 'ignoreFetchAbort' | 'noDeleteOnFetchRejection'> & {
          size?: number;
          forceRefresh?: boolean;
          context?: string;
          force?: boolean;
          signal?: boolean;
        };
    }
  | { op: 'settle'; which: number; how: number | undefined | 'reject' }
  | { op: 'abort'; which: number }
  | { op: 'delete' | 'info'; key: string }
  | { op: 'pop' | 'clear' | 'purgeStale' | 'iterate' | 'copy' }
  | { op: 'deleteInLoop'; value: number; backwards: boolean }
  | { op: 'reload'; value: number }
  | { op: 'assign'; options: Partial<Base> }
  | { op: 'wait'; ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const value = fc.integer({ min: 1, max: 5 });
const tell = fc.boolean();
const flag = fc.boolean();
const ttl = fc.constantFrom(0, 2, 5, 10);

/** Every field present in half of the records. */
function some<T>(fields: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<T>;
}

const ofGet = { allowStale: flag, updateAgeOnGet: flag, noDeleteOnStaleGet: flag };
const ofSet = { ttl, noDisposeOnSet: flag, noUpdateTTL: flag, size: fc.constantFrom(0, 1, 2, 7) };
const ofFetch = {
  allowStaleOnFetchAbort: flag,
  allowStaleOnFetchRejection: flag,
  ignoreFetchAbort: flag,
  noDeleteOnFetchRejection: flag,
};

const sync: fc.WeightedArbitrary<Command>[] = [
  {
    weight: 12,
    arbitrary: fc
      .record({
        key,
        tell,
        value: fc.option(value, { nil: undefined, freq: 9 }),
        options: some<SetOptions>({ ...ofSet, start: fc.integer({ min: -8, max: 0 }), calculated: value }),
      })
      .map(({ value: v, options, ...rest }) => ({ op: 'set', ...rest, options: { ...options, value: v } })),
  },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('get' as const), key, tell, options: some<GetOptions>(ofGet) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('peek' as const), key, tell, options: some({ allowStale: flag }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('has' as const), key, tell, options: some({ updateAgeOnHas: flag }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('memo' as const),
      key,
      tell,
      options: some({
        ...ofGet,
        ...ofSet,
        start: fc.constant(-1),
        calculated: value,
        forceRefresh: flag,
        context: fc.constantFrom('throw', 'ttl'),
      }).map(({ start: _, calculated: __, ...rest }) => rest),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('find' as const), value, tell }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('delete' as const, 'info' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('pop' as const, 'clear' as const, 'purgeStale' as const, 'iterate' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('deleteInLoop' as const), value, backwards: flag }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('reload' as const), value }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 6 }) }) },
];

const rare: fc.WeightedArbitrary<Command>[] = [
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('assign' as const),
      options: some<Partial<Base>>({
        ...ofGet,
        ...ofFetch,
        ttl,
        ttlResolution: fc.constantFrom(0, 1, 3),
        updateAgeOnHas: flag,
        noDisposeOnSet: flag,
        noUpdateTTL: flag,
        backgroundFetchSize: fc.constantFrom(1, 2),
      } as never),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'copy' }) },
];

const async: fc.WeightedArbitrary<Command>[] = [
  {
    weight: 14,
    arbitrary: fc.record({
      op: fc.constant('fetch' as const),
      key,
      tell,
      options: some({
        ...ofGet,
        ...ofSet,
        ...ofFetch,
        forceRefresh: flag,
        context: fc.constantFrom('throw', 'sync', 'ttl', 'forgive', 'none'),
        force: flag,
        signal: flag,
      }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      op: fc.constant('settle' as const),
      which: fc.nat(5),
      how: fc.oneof(value, value, fc.constantFrom('reject' as const, undefined)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('abort' as const), which: fc.nat(5) }) },
];

export function sequences(fetching: boolean, length: number): fc.Arbitrary<Command[]> {
  return fc.array(fc.oneof(...sync, ...rare, ...(fetching ? async : [])), { minLength: length / 5, maxLength: length });
}

export function configs(fetching: boolean): fc.Arbitrary<Config> {
  const flags = some({
    ...ofGet,
    ...ofFetch,
    updateAgeOnHas: flag,
    noDisposeOnSet: flag,
    noUpdateTTL: flag,
    ttlAutopurge: flag,
    ttl,
    ttlResolution: fc.constantFrom(0, 3),
    max: fc.integer({ min: 1, max: 4 }),
    maxSize: fc.integer({ min: 5, max: 12 }),
    maxEntrySize: fc.integer({ min: 3, max: 5 }),
    backgroundFetchSize: fc.integer({ min: 1, max: 6 }),
  });
  const calls = fc.record({
    dispose: flag,
    disposeAfter: flag,
    onInsert: flag,
    memoMethod: flag,
    fetchMethod: fetching ? fc.constant(true) : flag,
    reenter: flag,
  });
  return fc.record({ flags, calls, sized: fc.boolean() }).map((one) => {
    const config: Config = { ...one.flags, calls: one.calls, sized: false };
    if (config.max === undefined && config.maxSize === undefined && !config.ttl) config.max = 3;
    // It loses sight of an entry that is as old as its ttl, by a reading that is kept, when its timer fires.
    if (config.ttlAutopurge) config.ttlResolution = 0;
    config.sized = one.sized && (config.maxSize !== undefined || config.maxEntrySize !== undefined);
    return config;
  });
}
