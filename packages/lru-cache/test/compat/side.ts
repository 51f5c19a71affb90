/**
 * One side of the comparison: a cache of either make, driven by commands, that writes down all that can be seen of it.
 *
 * Both sides get the same commands at the same time (fake timers and one clock made of them), so their logs must be
 * equal. What differs on purpose is made equal here: the wording of TypeErrors, and `status.cache`.
 */
import { LRUCache } from '../../src/compat/index.ts';
import type { Command, Config } from './commands.ts';
import { show } from './show.ts';

export type Key = string;
export type Value = number;
export type Cache = LRUCache<Key, Value>;
export type Make = new (options: LRUCache.OptionsBase<Key, Value, unknown> | Cache) => Cache;

interface Pending {
  readonly options: LRUCache.FetcherFetchOptions<Key, Value>;
  readonly stale: Value | undefined;
  readonly signal: AbortSignal;
  readonly key: Key;
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: Error) => void;
}

export class Side {
  log: string[] = [];
  cache: Cache;
  private readonly make: Make;
  private readonly pending: Pending[] = [];
  private readonly outer: AbortController[] = [];
  private asked = 0;
  /** Then nothing is put in: whether the loop would come to it depends on which slot it gets. */
  private looping = false;

  constructor(make: Make, config: Config, now: () => number) {
    this.make = make;
    this.cache = new make(this.options(config, now));
  }

  run(command: Command): void {
    try {
      this.note(command.op, this.answer(command));
    } catch (error) {
      this.note(command.op, 'threw', error);
    }
  }

  /** What a reader of the cache can find out without changing it. */
  look(): void {
    const { cache } = this;
    // An entry without ttl has a start all the same, or not, or NaN, depending on what the others have.
    const dump = cache.dump().map(([key, { start, ttl, ...entry }]) => [key, ttl ? { ...entry, start, ttl } : entry]);
    this.note(cache.size, cache.calculatedSize, [...cache.keys()], dump);
  }

  take(): string[] {
    const { log } = this;
    this.log = [];
    return log;
  }

  private options(config: Config, now: () => number): LRUCache.OptionsBase<Key, Value, unknown> {
    const { calls, sized, ...plain } = config;
    const options: LRUCache.OptionsBase<Key, Value, unknown> = { ...plain, perf: { now } };
    if (sized) options.sizeCalculation = (value, key) => (this.note('size of', value, key), value);
    if (calls.dispose) options.dispose = (...told) => this.note('dispose', ...told);
    if (calls.disposeAfter) {
      options.disposeAfter = (value, key, reason) => {
        // Several that expire at one time do so in an order of their own.
        const size = reason === 'expire' ? undefined : this.cache.size;
        this.note('disposeAfter', value, key, reason, this.cache.has(key), size);
        if (calls.reenter && reason === 'delete' && !this.looping)
          this.cache.set('again', 1, this.cache.maxEntrySize === 0 ? {} : { size: 1 });
      };
    }
    if (calls.onInsert) options.onInsert = (...told) => this.note('insert', ...told, this.cache.size);
    if (calls.fetchMethod) options.fetchMethod = this.fetchMethod;
    if (calls.memoMethod) {
      options.memoMethod = (key, stale, { options: given, context }) => {
        this.note('memo', key, stale, given, context);
        if (context === 'throw') throw new Error('memo failed');
        return context === 'ttl' ? ((given.ttl = 77), 3) : 2;
      };
    }
    return options;
  }

  private readonly fetchMethod: LRUCache.Fetcher<Key, Value> = (key, stale, { signal, options, context }) => {
    const { status: _, signal: __, ...told } = options as LRUCache.FetchOptions<Key, Value, unknown>;
    this.note('fetch of', key, stale, told, context);
    signal.addEventListener('abort', () => this.note('aborted', key, signal.reason));
    if (context === 'throw') throw new Error('fetch failed at once');
    if (context === 'sync') return 4;
    if (context === 'ttl') options.ttl = 77;
    if (context === 'forgive') options.allowStaleOnFetchRejection = true;
    return new Promise<Value | undefined>((resolve, reject) =>
      this.pending.push({ key, stale, options, signal, resolve, reject }),
    );
  };

  private answer(command: Command): unknown {
    const { cache } = this;
    switch (command.op) {
      case 'set':
        return this.told(command.tell, (status) => {
          const { value, start, calculated, ...rest } = command.options;
          const options: LRUCache.SetOptions<Key, Value, unknown> = { ...rest, ...status };
          if (start !== undefined) options.start = cache.perf.now() + start;
          if (calculated !== undefined) options.sizeCalculation = () => calculated;
          return cache.set(command.key, value, options) === cache;
        });
      case 'get':
        return this.told(command.tell, (status) => cache.get(command.key, { ...command.options, ...status }));
      case 'peek':
        return this.told(command.tell, (status) => cache.peek(command.key, { ...command.options, ...status }));
      case 'has':
        return this.told(command.tell, (status) => cache.has(command.key, { ...command.options, ...status }));
      case 'memo':
        return this.told(command.tell, (status) => cache.memo(command.key, { ...command.options, ...status }));
      case 'find':
        return this.told(command.tell, (status) =>
          cache.find((value, key, self) => (this.note(value, key, self === cache), value === command.value), status),
        );
      case 'fetch': {
        this.fetch(command);
        return;
      }
      case 'settle':
        return this.settle(command);
      case 'abort':
        this.outer[command.which % Math.max(1, this.outer.length)]?.abort(new Error('the caller left'));
        return undefined;
      case 'delete':
        return cache.delete(command.key);
      case 'info':
        return [cache.info(command.key), cache.getRemainingTTL(command.key)];
      case 'pop':
        return cache.pop();
      case 'clear': {
        cache.clear();
        return;
      }
      case 'purgeStale':
        return cache.purgeStale();
      case 'iterate':
        return this.iterate();
      case 'deleteInLoop': {
        // Not the last one: there lru-cache may go on from a slot that is free.
        this.looping = true;
        const spared = [...(command.backwards ? cache.rkeys() : cache.keys())].at(-1);
        for (const key of command.backwards ? cache.rkeys() : cache.keys()) {
          this.note(key);
          if (key !== spared && (command.value > 1 || key < 'c')) cache.delete(key);
        }
        this.looping = false;
        return undefined;
      }
      case 'reload': {
        // See `look`; here it would make a difference which ttl that is.
        cache.load(
          cache
            .dump()
            .slice(0, command.value + 1)
            .map(([key, { start, ...entry }]) => [
              key,
              entry.ttl ? { ...entry, start } : start === undefined ? entry : { ...entry, ttl: 0 },
            ]) as never,
        );
        return;
      }
      case 'assign':
        Object.assign(cache, command.options);
        if (cache.ttlAutopurge) cache.ttlResolution = 0;
        return undefined;
      case 'copy':
        cache.clear();
        this.cache = new this.make(cache);
        return undefined;
      default:
        return undefined;
    }
  }

  private iterate(): unknown {
    const { cache } = this;
    cache.forEach((value, key, self) => this.note('each', value, key, self === cache));
    cache.rforEach((value, key) => this.note('each', value, key));
    return [[...cache], [...cache.rentries()], [...cache.rkeys()], [...cache.values()], [...cache.rvalues()]];
  }

  private fetch(command: Command & { op: 'fetch' }): undefined {
    const { force, signal, ...options } = command.options;
    // A value that comes after an abort and is refused for its size is an unhandled rejection there.
    if (this.cache.maxEntrySize === 0) delete options.size;
    else if (this.cache.sizeCalculation === undefined) options.size ||= 1;
    const status: LRUCache.Status<Key, Value> = {};
    const given: LRUCache.FetchOptions<Key, Value, unknown> = { ...options };
    if (command.tell) given.status = status;
    if (signal) {
      const controller = new AbortController();
      this.outer.push(controller);
      given.signal = controller.signal;
    }
    const name = `fetch ${String(this.asked++)}`;
    const promise = force ? this.cache.forceFetch(command.key, given) : this.cache.fetch(command.key, given);
    this.note(name, this.plain(status));
    promise.then(
      (value) => this.note(name, 'resolved', value, this.plain(status)),
      (error: unknown) => this.note(name, 'rejected', error, this.plain(status)),
    );
    return undefined;
  }

  private settle({ which, how }: Command & { op: 'settle' }): unknown {
    const at = which % Math.max(1, this.pending.length);
    const [pending] = this.pending.splice(at, 1);
    if (pending === undefined) return 'nothing';
    const { allowStaleOnFetchAbort, ignoreFetchAbort, noDeleteOnFetchRejection, allowStaleOnFetchRejection } =
      pending.options;
    const kept = noDeleteOnFetchRejection === true || allowStaleOnFetchRejection === true;
    // lru-cache keeps the key without a value then.
    // Whether the value is stored depends on which slot that was, there, if the entry is gone: see fetches.test.ts.
    if (pending.signal.aborted && ignoreFetchAbort && allowStaleOnFetchAbort) pending.resolve(undefined);
    else if (ignoreFetchAbort && kept && pending.stale === undefined) pending.resolve(1);
    else if (how === 'reject') pending.reject(new Error('fetch failed'));
    else pending.resolve(how);
    return pending.key;
  }

  private told(tell: boolean, act: (options: { status?: LRUCache.Status<Key, Value> }) => unknown): unknown {
    if (!tell) return act({});
    const status: LRUCache.Status<Key, Value> = {};
    try {
      return [act({ status }), this.plain(status)];
    } catch (error) {
      // Which fields an operation that throws has got to is nobody's business.
      return ['threw', error];
    }
  }

  private plain({ cache, ...rest }: LRUCache.Status<Key, Value>): unknown {
    return cache === undefined ? rest : { ...rest, cache: cache === this.cache };
  }

  private note(...what: unknown[]): void {
    this.log.push(what.map(show).join(' '));
  }
}
