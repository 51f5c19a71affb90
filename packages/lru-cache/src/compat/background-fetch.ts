/**
 * A background fetch: a call of `fetchMethod` that occupies its key's slot until the value is there.
 *
 * So it is subject to what may happen to an entry: evicted, deleted or replaced, it is aborted with an Error of that
 * message, and everybody who waits is refused (the native `LoadingCache` keeps its loads beside the slots, for this
 * very reason). What it replaces stays readable as `stale` meanwhile.
 *
 * How it may end, in the order in which it is decided:
 * - aborted, unless told to ignore that: like a failure whose error is the abort's reason;
 * - a value: stored, if the slot is still its own; undefined: the stale value comes back, or the entry goes;
 * - a failure: the entry goes, or with `noDelete...` or `allowStale...` the stale value comes back; who waits gets the
 *   error, or with `allowStale...` the stale value. A fetch whose promise nobody was given fails in silence.
 *
 * With `allowStaleOnFetchAbort` an abort answers at once, and what the method brings later is stored all the same:
 * in its own slot, or with `ignoreFetchAbort` too in a new one, if the key is not held by then. The options are read at each step, because the method may change them.
 */
import type { Entries } from './entries.ts';
import type {
  FetcherShape as Fetcher,
  FetchOptionsShape as FetchOptions,
  FetcherOptionsShape as FetcherOptions,
} from './types.ts';

/** Stores the value of a fetch with the options of its first caller. */
type Store<V> = (value: V, by: BackgroundFetch<V>) => void;

export class BackgroundFetch<V> {
  readonly controller: AbortController = new AbortController();
  declare readonly stale: V | undefined;
  /** 0 until it is put into one, and for good when it is too large for the cache. */
  slot = 0;
  /** Whether somebody has the promise, and will see it fail. */
  awaited = false;
  promise!: Promise<V | undefined>;

  constructor(stale: V | undefined) {
    this.stale = stale;
  }

  abort(why: 'evicted' | 'deleted' | 'replaced'): void {
    this.controller.abort(new Error(why));
  }

  /** The promise, for somebody who will wait. */
  join(): Promise<V | undefined> {
    this.awaited = true;
    return this.promise;
  }
}

/** Calls the method. The caller puts the fetch into its slot. */
export function startFetch<K, V, FC>(
  entries: Entries<K, V, FC>,
  method: Fetcher<K, V, FC>,
  key: K,
  stale: V | undefined,
  options: FetchOptions<K, V, FC>,
  context: FC,
  store: Store<V>,
): BackgroundFetch<V> {
  const fetch = new BackgroundFetch(stale);
  const { signal } = fetch.controller;
  const { status, signal: outer } = options;
  const held = (): unknown => entries.store.value(fetch.slot);

  outer?.addEventListener('abort', () => fetch.controller.abort(outer.reason), { signal });

  const restore = (): void => {
    if (stale === undefined) entries.delete(key, 'fetch');
    else entries.store.setValue(fetch.slot, stale);
  };

  const succeed = (value: V | undefined, late = false): V | undefined => {
    const ignored = options.ignoreFetchAbort === true && value !== undefined;
    if (status !== undefined) {
      if (signal.aborted && !late) {
        status.fetchAborted = true;
        status.fetchError = signal.reason as Error;
        if (ignored) status.fetchAbortIgnored = true;
      } else status.fetchResolved = true;
    }
    if (signal.aborted && !ignored && !late) return fail(signal.reason);
    const own = held() === fetch;
    if (own && value === undefined) restore();
    else if (value !== undefined && (own || (late && ignored && entries.store.find(key) === 0))) {
      if (status !== undefined) status.fetchUpdated = true;
      store(value, fetch);
    }
    return value;
  };

  /** Everybody has had an answer: there is no one left to be told that the value is too large, say. */
  const bringLate = (value: V | undefined): void => {
    try {
      succeed(value, true);
    } catch {
      return;
    }
  };

  const fail = (error: unknown): V | undefined => {
    const staleOnAbort = signal.aborted && options.allowStaleOnFetchAbort === true;
    const answerStale = staleOnAbort || options.allowStaleOnFetchRejection === true;
    if (held() === fetch) {
      const keep = answerStale || options.noDeleteOnFetchRejection === true;
      if (!keep) entries.delete(key, 'fetch');
      else if (!staleOnAbort) restore();
      else if (stale === undefined && options.ignoreFetchAbort !== true) entries.delete(key, 'fetch');
    }
    if (answerStale) {
      if (status !== undefined && stale !== undefined) status.returnedStale = true;
      return stale;
    }
    if (fetch.awaited) throw error;
    return undefined;
  };

  if (status !== undefined) status.fetchDispatched = true;
  fetch.promise = new Promise<V | undefined>((resolve, reject) => {
    let settle: (value: V | undefined) => void = resolve;
    const given: FetcherOptions<K, V, FC> = { signal, options, context };
    const answer = method(key, stale, given);
    // The promise of a value that is there already is as late as the value: `settle` adopts any other thenable.
    if (answer instanceof Promise) answer.then((value) => settle(value as V | undefined), reject);
    else settle(answer as V | undefined);
    signal.addEventListener('abort', () => {
      if (options.ignoreFetchAbort === true && options.allowStaleOnFetchAbort !== true) return;
      settle(undefined);
      if (options.allowStaleOnFetchAbort === true) settle = bringLate;
    });
  }).then(succeed, (error: unknown) => {
    if (status !== undefined) {
      status.fetchRejected = true;
      status.fetchError = error as Error;
    }
    return fail(error);
  });
  return fetch;
}
