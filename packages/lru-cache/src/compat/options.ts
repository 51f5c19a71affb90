/**
 * What lru-cache's constructor accepts and refuses, and the two things it takes from the world: a clock and a warning.
 *
 * The refusals are TypeErrors, as there; the words are ours, and name option, allowed range and value given. Fixed
 * options come back from here in one record; those that may be assigned later are fields of the cache.
 *
 * The warning about a cache that only a ttl bounds is given once per process, by this copy of the package or another:
 * the note that it was given hangs on the global object, because state of a module would be one note per copy.
 */
import { MAX_ENTRIES } from '../check.ts';
import type {
  DisposerShape as Disposer,
  FetcherShape as Fetcher,
  FetchOptionsShape as FetchOptions,
  InserterShape as Inserter,
  MemoizerShape as Memoizer,
  OptionsBaseShape as OptionsBase,
  Perf,
  SizeCalculatorShape as SizeCalculator,
} from './types.ts';

export interface FixedOptions<K, V, FC> {
  /** 0 = not bounded, as it was given. */
  readonly max: number;
  /** What `max` comes to: no index holds more than 2^26 entries. */
  readonly bound: number;
  readonly maxSize: number;
  readonly perf: Perf;
  readonly dispose: Disposer<K, V> | undefined;
  readonly disposeAfter: Disposer<K, V> | undefined;
  readonly onInsert: Inserter<K, V> | undefined;
  readonly fetchMethod: Fetcher<K, V, FC> | undefined;
  readonly memoMethod: Memoizer<K, V, FC> | undefined;
}

export function isPositiveInteger(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

function refuse(name: string, allowed: string, value: unknown): never {
  throw new TypeError(`${name} must be ${allowed}; got ${String(value)}`);
}

/** `value` if it is 0 or a positive integer. */
function requireBound(name: string, value: unknown): number {
  return value === 0 || isPositiveInteger(value) ? value : refuse(name, 'a positive integer or 0', value);
}

function optionalFunction<F>(name: string, value: F): F {
  return value === undefined || typeof value === 'function' ? value : refuse(name, 'a function', value);
}

/** Not refused when it is something else, but ignored, as lru-cache does. */
function callback<F>(value: F): F | undefined {
  return typeof value === 'function' ? value : undefined;
}

export function readFixed<K, V, FC>(o: OptionsBase<K, V, FC>): FixedOptions<K, V, FC> {
  const { max = 0, perf, maxSize = 0 } = o;
  if (perf !== undefined && typeof (perf as Partial<Perf> | null)?.now !== 'function') {
    refuse('perf', 'an object with a method now', perf);
  }
  requireBound('max', max);
  requireBound('maxSize', maxSize);
  return {
    max,
    bound: Math.min(max || MAX_ENTRIES, MAX_ENTRIES),
    maxSize,
    perf: perf ?? systemPerf(),
    dispose: callback(o.dispose),
    disposeAfter: callback(o.disposeAfter),
    onInsert: callback(o.onInsert),
    fetchMethod: optionalFunction('fetchMethod', o.fetchMethod),
    memoMethod: optionalFunction('memoMethod', o.memoMethod),
  };
}

/** The options that are true or false; all may be assigned later. */
export const FLAGS = [
  'ttlAutopurge',
  'updateAgeOnGet',
  'updateAgeOnHas',
  'allowStale',
  'noDisposeOnSet',
  'noUpdateTTL',
  'noDeleteOnFetchRejection',
  'noDeleteOnStaleGet',
  'allowStaleOnFetchAbort',
  'allowStaleOnFetchRejection',
  'ignoreFetchAbort',
] as const;

/** What may be assigned later, as it is now. */
export interface Settings<K, V> extends Record<(typeof FLAGS)[number], boolean> {
  ttl: number;
  ttlResolution: number;
  maxEntrySize: number;
  backgroundFetchSize: number;
  sizeCalculation?: SizeCalculator<K, V>;
}

/** The other options that may be assigned later. */
export function readNumbers<K, V, FC>(o: OptionsBase<K, V, FC>): unknown {
  const { ttl, ttlResolution, sizeCalculation } = o;
  const maxEntrySize = (o.maxEntrySize ? requireBound('maxEntrySize', o.maxEntrySize) : 0) || (o.maxSize ?? 0);
  if (sizeCalculation !== undefined && maxEntrySize === 0) {
    throw new TypeError('sizeCalculation needs maxSize or maxEntrySize; got neither');
  }
  return {
    ttl: ttl ? (isPositiveInteger(ttl) ? ttl : refuse('ttl', 'a positive integer', ttl)) : 0,
    ttlResolution: ttlResolution === 0 || isPositiveInteger(ttlResolution) ? ttlResolution : 1,
    maxEntrySize,
    backgroundFetchSize: o.backgroundFetchSize ?? 1,
    sizeCalculation: optionalFunction('sizeCalculation', sizeCalculation),
  };
}

/** The size of an entry: the one given, else the one calculated. */
export function sizeOf<K, V>(value: V, key: K, given: unknown, calculate: SizeCalculator<K, V> | undefined): number {
  if (isPositiveInteger(given)) return given;
  if (calculate === undefined) return refuse('size', 'a positive integer (or sizeCalculation given)', given);
  const size: unknown = optionalFunction('sizeCalculation', calculate)(value, key);
  return isPositiveInteger(size) ? size : refuse('what sizeCalculation answers', 'a positive integer', size);
}

const INHERITED = [
  'allowStale',
  'updateAgeOnGet',
  'noDeleteOnStaleGet',
  'ttl',
  'noDisposeOnSet',
  'sizeCalculation',
  'noUpdateTTL',
  'noDeleteOnFetchRejection',
  'allowStaleOnFetchRejection',
  'allowStaleOnFetchAbort',
  'ignoreFetchAbort',
] as const;

/** The options of one fetch: those given, else the cache's at this moment. */
export function inherit<K, V, FC>(
  cache: Pick<OptionsBase<K, V, FC>, (typeof INHERITED)[number]>,
  { size = 0, signal, status, ...given }: FetchOptions<K, V, FC>,
): FetchOptions<K, V, FC> {
  const options: Record<string, unknown> = { size, signal, status };
  for (const name of INHERITED) options[name] = given[name] ?? cache[name];
  return options;
}

function systemPerf(): Perf {
  const { performance } = globalThis as { performance?: Perf };
  return typeof performance?.now === 'function' ? performance : Date;
}

const warned: symbol = Symbol.for('@loadbearing/lru-cache/compat: warned of an unbounded cache');

export function warnUnbounded(): void {
  const world = globalThis as Record<symbol, unknown> & {
    process?: { emitWarning?: (text: string, type: string, code: string) => void };
    console?: { error(text: string): void };
  };
  if (world[warned] !== undefined) return;
  world[warned] = true;
  const text = 'a cache with a ttl but neither ttlAutopurge, max nor maxSize can grow without bound';
  if (typeof world.process?.emitWarning === 'function') {
    world.process.emitWarning(text, 'UnboundedCacheWarning', 'LRU_CACHE_UNBOUNDED');
  } else {
    world.console?.error(`LRU_CACHE_UNBOUNDED: ${text}`);
  }
}
