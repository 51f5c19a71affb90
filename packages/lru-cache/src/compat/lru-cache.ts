/**
 * `LRUCache`: the interface and the behaviour of lru-cache 11, on the slots of this package.
 *
 * For programs that have it in use: one import changes, nothing else. So it does what the native caches refuse to do,
 * background fetches that are aborted with their slot above all. It is written from lru-cache's documentation and held
 * to its behaviour by running both with the same commands. https://github.com/isaacs/node-lru-cache
 *
 * Where it differs: `unsafeExposeInternals` and the diagnostics channels are not there; iteration ends whatever its body
 * does (`walk.ts`); a callback that looks into the cache never finds it above its bounds, and a value above `maxSize` is
 * not stored even if `maxEntrySize` would allow it; a `fetchMethod` that answers undefined at once has answered.
 */
import { Entries } from './entries.ts';
import { Operations } from './operations.ts';
import { FLAGS, readFixed, readNumbers, warnUnbounded } from './options.ts';
import type { FixedOptions } from './options.ts';
import { answered, open } from './status.ts';
import type * as T from './types.ts';
import { walk } from './walk.ts';

/**
 * A cache with the interface of lru-cache 11.
 *
 * All operations on one key are O(1), amortised where they add. Iteration, `dump`, `load`, `clear` and `purgeStale` are
 * O(size). Keys and values are anything but null and undefined; `set(key, undefined)` deletes.
 *
 * @throws TypeError at construction for an option that is no positive integer, function or clock where one is needed,
 * and when none of `max`, `maxSize` and `ttl` is given; in `set` for a size that is no positive integer.
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { LRUCache } from '@loadbearing/lru-cache/compat';
 * const cache = new LRUCache<string, number>({ max: 2, ttl: 60_000 });
 * cache.set('a', 1).set('b', 2).set('c', 3);
 * assert.deepEqual([...cache.keys()], ['c', 'b']);
 * ```
 */
export class LRUCache<K extends T.NonNullish, V extends T.NonNullish, FC = unknown> {
  ttl!: number;
  ttlResolution!: number;
  ttlAutopurge!: boolean;
  updateAgeOnGet!: boolean;
  updateAgeOnHas!: boolean;
  allowStale!: boolean;
  noDisposeOnSet!: boolean;
  noUpdateTTL!: boolean;
  maxEntrySize!: number;
  sizeCalculation?: T.SizeCalculatorShape<K, V>;
  noDeleteOnFetchRejection!: boolean;
  noDeleteOnStaleGet!: boolean;
  allowStaleOnFetchAbort!: boolean;
  allowStaleOnFetchRejection!: boolean;
  ignoreFetchAbort!: boolean;
  backgroundFetchSize!: number;
  [Symbol.toStringTag]: string = 'LRUCache';
  readonly #fixed: FixedOptions<K, V, FC>;
  readonly #entries: Entries<K, V, FC>;
  readonly #operations: Operations<K, V, FC>;

  /** With a cache, an empty one with the same options. */
  constructor(options: T.OptionsShape<K, V, FC> | LRUCache<K, V, FC>) {
    const o = options as T.OptionsBaseShape<K, V, FC>;
    const fixed = readFixed(o);
    Object.assign(this, readNumbers(o));
    for (const flag of FLAGS) this[flag] = !!o[flag];
    if (fixed.max === 0 && fixed.maxSize === 0) {
      if (this.ttl === 0) throw new TypeError('at least one of max, maxSize and ttl is required; got none');
      if (!this.ttlAutopurge) warnUnbounded();
    }
    this.#fixed = fixed;
    this.#entries = new Entries(fixed, this, this.maxEntrySize !== 0);
    this.#operations = new Operations(this, fixed, this.#entries);
    if (this.ttl !== 0) this.#entries.ages.begin();
  }

  get max(): number {
    return this.#fixed.max;
  }
  get maxSize(): number {
    return this.#fixed.maxSize;
  }
  /** Entries, stale ones and background fetches included. */
  get size(): number {
    return this.#entries.store.size;
  }
  get calculatedSize(): number {
    return this.#entries.weight;
  }
  get perf(): T.Perf {
    return this.#fixed.perf;
  }
  get fetchMethod(): T.FetcherShape<K, V, FC> | undefined {
    return this.#fixed.fetchMethod;
  }
  get memoMethod(): T.MemoizerShape<K, V, FC> | undefined {
    return this.#fixed.memoMethod;
  }
  get dispose(): T.DisposerShape<K, V> | undefined {
    return this.#fixed.dispose;
  }
  get disposeAfter(): T.DisposerShape<K, V> | undefined {
    return this.#fixed.disposeAfter;
  }
  get onInsert(): T.InserterShape<K, V> | undefined {
    return this.#fixed.onInsert;
  }

  /** The value, marked as used; a stale one is removed, and answered only with `allowStale`. */
  get(k: K, options: T.GetOptionsShape<K, V, FC> = {}): V | undefined {
    const status = open(options.status, 'get', k, this);
    return answered(status, this.#operations.read(k, options, status));
  }

  /** The value, changing nothing. */
  peek(k: K, options: T.PeekOptionsShape<K, V, FC> = {}): V | undefined {
    const status = open(options.status, 'peek', k, this);
    const { store, ages } = this.#entries;
    const slot = store.find(k);
    const stale = slot !== 0 && !(options.allowStale ?? this.allowStale) && ages.isStale(slot);
    const value = slot === 0 || stale ? undefined : this.#entries.visible(slot);
    if (status !== undefined) status.peek = stale ? 'stale' : value === undefined ? 'miss' : 'hit';
    return answered(status, value);
  }

  /** Whether a value is there and not stale; does not mark it as used. */
  has(k: K, options: T.HasOptionsShape<K, V, FC> = {}): boolean {
    const status = open(options.status, 'has', k, this);
    const { store, ages } = this.#entries;
    const slot = store.find(k);
    if (slot !== 0 && this.#entries.visible(slot) === undefined) return false;
    const stale = slot !== 0 && ages.isStale(slot);
    if (slot !== 0 && !stale && (options.updateAgeOnHas ?? this.updateAgeOnHas)) ages.restart(slot);
    if (status !== undefined) status.has = slot === 0 ? 'miss' : stale ? 'stale' : 'hit';
    if (slot !== 0) ages.tell(status, slot);
    return slot !== 0 && !stale;
  }

  /** Stores a value as the newest; undefined deletes. */
  set(k: K, v: V | undefined, options: T.SetOptionsShape<K, V, FC> = {}): this {
    this.#operations.write(k, v, options, open(options.status, 'set', k, this));
    return this;
  }

  /** Whether the key was held. */
  delete(k: K): boolean {
    return this.#entries.delete(k, 'delete');
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Evicts the oldest entry that has a value, and answers that. Fetches that begin when others are aborted are left. */
  pop(): V | undefined {
    const entries = this.#entries;
    try {
      for (let left = entries.store.size; left > 0 && entries.store.size > 0; left--) {
        const value = entries.take(entries.store.oldest(), 'evict');
        if (value !== undefined) return value;
      }
      return undefined;
    } finally {
      entries.finish();
    }
  }

  /** The value, or what `fetchMethod` brings. Rejects with its error, or the reason of an abort. */
  fetch(k: K, options: T.FetchArgument<K, V, FC>): Promise<V | undefined>;
  fetch(k: T.ContextFree<FC, K>, options?: T.ContextFree<FC, T.FetchArgument<K, V, FC>>): Promise<V | undefined>;
  async fetch(k: K, options: T.FetchOptionsShape<K, V, FC> = {}): Promise<V | undefined> {
    const status = open(options.status, 'fetch', k, this, options);
    const method = this.#fixed.fetchMethod;
    if (method === undefined) {
      if (status !== undefined) status.fetch = 'get';
      return this.#operations.read(k, options, status);
    }
    const { store, ages } = this.#entries;
    const allowStale = options.allowStale ?? this.allowStale;
    const slot = store.find(k);
    const running = this.#entries.fetchIn(slot);
    if (running !== undefined) {
      const stale = allowStale ? running.stale : undefined;
      if (status !== undefined) {
        status.fetch = 'inflight';
        if (stale !== undefined) status.returnedStale = true;
      }
      return stale ?? running.join();
    }
    const isStale = ages.isStale(slot);
    const held = slot === 0 ? undefined : this.#entries.visible(slot);
    if (held !== undefined && !isStale && options.forceRefresh !== true) {
      if (status !== undefined) status.fetch = 'hit';
      store.use(slot);
      if (options.updateAgeOnGet ?? this.updateAgeOnGet) ages.restart(slot);
      ages.tell(status, slot);
      return held;
    }
    if (status !== undefined) status.fetch = held === undefined ? 'miss' : isStale ? 'stale' : 'refresh';
    const fetch = this.#operations.start(k, slot, held, method, options);
    if (held === undefined || !allowStale) return fetch.join();
    if (status !== undefined && isStale) status.returnedStale = true;
    return held;
  }

  /** As `fetch`, but rejects when there is no value. */
  forceFetch(k: K, options: T.FetchArgument<K, V, FC>): Promise<V>;
  forceFetch(k: T.ContextFree<FC, K>, options?: T.ContextFree<FC, T.FetchArgument<K, V, FC>>): Promise<V>;
  async forceFetch(k: K, options?: T.FetchOptionsShape<K, V, FC>): Promise<V> {
    const value = await this.fetch(k, options as T.FetchArgument<K, V, FC>);
    if (value === undefined) throw new Error('fetch() returned undefined');
    return value;
  }

  /** The value, or what `memoMethod` answers. Throws without a `memoMethod`. */
  memo(k: K, options: T.MemoArgument<K, V, FC>): V;
  memo(k: T.ContextFree<FC, K>, options?: T.ContextFree<FC, T.MemoArgument<K, V, FC>>): V;
  memo(k: K, asked: T.MemoOptionsShape<K, V, FC> = {}): V {
    const status = open(asked.status, 'memo', k, this, asked);
    const method = this.#fixed.memoMethod;
    if (method === undefined) throw new Error('no memoMethod provided to constructor');
    const { context, forceRefresh, status: _, ...options } = asked;
    const held = this.#operations.read(k, options, undefined);
    const hit = held !== undefined && forceRefresh !== true;
    if (status !== undefined) status.memo = hit ? 'hit' : 'miss';
    const value = hit ? held : method(k, held, { options, context: context as FC });
    if (!hit) this.#operations.write(k, value, options, undefined);
    return answered(status, value) as V;
  }

  /** The first value for which `fn` answers something true, got with these options. */
  find(
    fn: (v: V, k: K, self: LRUCache<K, V, FC>) => boolean,
    options: T.GetOptionsShape<K, V, FC> = {},
  ): V | undefined {
    for (const [key, value] of this.#operations.each(false, true)) {
      if (fn(value, key, this)) return this.#operations.read(key, options, options.status);
    }
    return undefined;
  }

  /** Newest first; marks nothing as used. */
  forEach(fn: (v: V, k: K, self: LRUCache<K, V, FC>) => unknown, self: unknown = this): void {
    for (const [key, value] of this.#operations.each(false, true)) fn.call(self, value, key, this);
  }
  rforEach(fn: (v: V, k: K, self: LRUCache<K, V, FC>) => unknown, self: unknown = this): void {
    for (const [key, value] of this.#operations.each(true, true)) fn.call(self, value, key, this);
  }

  *keys(): Generator<K, void, unknown> {
    for (const [key] of this.#operations.each(false, false)) yield key;
  }
  *values(): Generator<V, void, unknown> {
    for (const [, value] of this.#operations.each(false, false)) yield value;
  }
  entries(): Generator<[K, V], void, unknown> {
    return this.#operations.each(false, false);
  }
  *rkeys(): Generator<K, void, unknown> {
    for (const [key] of this.#operations.each(true, false)) yield key;
  }
  *rvalues(): Generator<V, void, unknown> {
    for (const [, value] of this.#operations.each(true, false)) yield value;
  }
  rentries(): Generator<[K, V], void, unknown> {
    return this.#operations.each(true, false);
  }
  [Symbol.iterator](): Generator<[K, V], void, unknown> {
    return this.entries();
  }

  /** Whether anything was stale. */
  purgeStale(): boolean {
    let any = false;
    for (const slot of walk(this.#entries, true)) {
      if (!this.#entries.ages.isStale(slot)) continue;
      any = this.#entries.delete(this.#entries.store.key(slot), 'expire');
    }
    return any;
  }

  /** Milliseconds until stale, negative once it is; 0 for a key that is not held, Infinity without a ttl. */
  getRemainingTTL(key: K): number {
    const slot = this.#entries.store.find(key);
    return slot === 0 ? 0 : this.#entries.ages.left(slot);
  }

  /** Value, size and remaining ttl, stale or not. */
  info(key: K): T.EntryShape<V> | undefined {
    const slot = this.#entries.store.find(key);
    const entry = this.#entries.entry(slot);
    if (entry !== undefined) this.#entries.ages.inform(entry, slot);
    return entry;
  }

  /** What `load` takes, stale ones too, oldest first. */
  dump(): [K, T.EntryShape<V>][] {
    const { store, ages } = this.#entries;
    const dump: [K, T.EntryShape<V>][] = [];
    for (let slot = store.oldest(); slot !== 0; slot = store.newer(slot)) {
      const entry = this.#entries.entry(slot);
      if (entry === undefined) continue;
      ages.export(entry, slot);
      dump.push([store.key(slot), entry]);
    }
    return dump;
  }

  /** Replaces everything held by what was dumped. */
  load(entries: [K, T.EntryShape<V>][]): void {
    this.clear();
    for (const [key, { value, start, ...rest }] of entries) {
      const began = this.#entries.ages.import(start);
      this.#operations.write(key, value, began === undefined ? rest : { ...rest, start: began }, undefined);
    }
  }
}

/** The types, under the names by which programs written against lru-cache know them. */
// eslint-disable-next-line @typescript-eslint/no-namespace -- that is how they are named there
export declare namespace LRUCache {
  export type Size = T.SizeShape;
  export type Milliseconds = T.MillisecondsShape;
  export type Count = T.CountShape;
  export type DisposeReason = T.DisposeReasonShape;
  export type Disposer<K, V> = T.DisposerShape<K, V>;
  export type InsertReason = T.InsertReasonShape;
  export type Inserter<K, V> = T.InserterShape<K, V>;
  export type SizeCalculator<K, V> = T.SizeCalculatorShape<K, V>;
  export type Fetcher<K, V, FC = unknown> = T.FetcherShape<K, V, FC>;
  export type FetcherOptions<K, V, FC = unknown> = T.FetcherOptionsShape<K, V, FC>;
  export type FetcherFetchOptions<K, V, FC = unknown> = T.FetcherFetchOptionsShape<K, V, FC>;
  export type FetchOptions<K, V, FC> = T.FetchOptionsShape<K, V, FC>;
  export type FetchOptionsWithContext<K, V, FC> = T.FetchOptionsWithContextShape<K, V, FC>;
  export type FetchOptionsNoContext<K, V, FC extends T.Nothing = undefined> = T.FetchOptionsNoContextShape<K, V, FC>;
  export type Memoizer<K, V, FC = unknown> = T.MemoizerShape<K, V, FC>;
  export type MemoizerOptions<K, V, FC = unknown> = T.MemoizerOptionsShape<K, V, FC>;
  export type MemoizerMemoOptions<K, V, FC = unknown> = T.MemoizerMemoOptionsShape<K, V, FC>;
  export type MemoOptions<K, V, FC = unknown> = T.MemoOptionsShape<K, V, FC>;
  export type MemoOptionsWithContext<K, V, FC> = T.MemoOptionsWithContextShape<K, V, FC>;
  export type MemoOptionsNoContext<K, V, FC extends T.Nothing = undefined> = T.MemoOptionsNoContextShape<K, V, FC>;
  export type GetOptions<K, V, FC> = T.GetOptionsShape<K, V, FC>;
  export type PeekOptions<K, V, FC> = T.PeekOptionsShape<K, V, FC>;
  export type HasOptions<K, V, FC> = T.HasOptionsShape<K, V, FC>;
  export type SetOptions<K, V, FC> = T.SetOptionsShape<K, V, FC>;
  export type Status<K, V, FC = unknown> = T.StatusShape<K, V, FC>;
  export type Entry<V> = T.EntryShape<V>;
  export type OptionsBase<K, V, FC> = T.OptionsBaseShape<K, V, FC>;
  export type OptionsMaxLimit<K, V, FC> = T.OptionsMaxLimitShape<K, V, FC>;
  export type OptionsTTLLimit<K, V, FC> = T.OptionsTTLLimitShape<K, V, FC>;
  export type OptionsSizeLimit<K, V, FC> = T.OptionsSizeLimitShape<K, V, FC>;
  export type Options<K, V, FC> = T.OptionsShape<K, V, FC>;
}
