/**
 * A world in which a schedule owns every promise, every timer and the clock of a read-through cache, and the laws that
 * must hold in it whatever the schedule.
 *
 * The source of each of two keys is a version number. `set` and `delete` write the source first, then the cache; a load
 * brings the version that was there when it began, however late it ends, which is the worst that a source may do. So at
 * any time the cache may hold the current version or nothing, and a `fetch` may answer no version older than the one
 * that was current when it was called, or what a load begun since then met. Loaders of an obedient world reject as soon as their
 * signal aborts, so a signal that aborts while somebody waits shows as an answer that no law allows.
 */
import type { LoadingCacheOptions, LoadingCacheStats } from '../../src/index.ts';

export interface ReadThrough {
  fetch(key: string, options?: { signal?: AbortSignal; refresh?: boolean }): Promise<number | undefined>;
  set(key: string, value: number): unknown;
  delete(key: string): unknown;
  clear(): void;
  peek(key: string): number | undefined;
  state?(key: string): string;
  stats?(): LoadingCacheStats;
  readonly size: number;
  readonly loadsInFlight: number;
}
export type Options = LoadingCacheOptions<string, number>;
export type Make = (options: Options) => ReadThrough;

export interface Setting {
  readonly name: string;
  readonly options: Partial<Options>;
  /** Loaders reject when their signal aborts. */
  readonly obedient?: boolean;
  /** Loads may run that no caller waits for. */
  readonly behind?: boolean;
}

export class Violation extends Error {}

interface Load {
  readonly key: string;
  readonly version: number;
  readonly resolve: (value: number | undefined) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal;
  outcome: 'open' | 'value' | 'absent' | 'error';
  timedOut: boolean;
}
interface Read {
  readonly key: string;
  readonly version: number;
  readonly leaver: AbortController | undefined;
  left: boolean;
  /** It was seen to wait when it left. */
  waiting: boolean;
  settled: number;
}
class SourceError extends Error {
  readonly load: Load;
  constructor(load: Load) {
    super('source down');
    this.load = load;
  }
}
class Leave extends Error {}

const keys = ['a', 'b'] as const;
const strangers = ['c', 'd'] as const;

/** What can happen next; `a` and `b` are the keys it is about. Only what would change something is ever enabled. */
export const steps: readonly string[] = [
  ...keys.flatMap((key) =>
    ['fetch', 'leave-able fetch', 'refresh', 'set', 'delete']
      .map((what) => `${what} ${key}`)
      .concat(
        ['resolve', 'resolve last', 'absent', 'reject', 'leave', 'time out', 'soft time out'].map(
          (what) => `${what} ${key}`,
        ),
      ),
  ),
  'clear',
  'evict',
  'turn',
  'tick',
];

const halves: ReadonlyMap<string, readonly [key: string, what: string]> = new Map(
  steps.map((step) => {
    const [, what = step, key = ''] = / [ab]$/.exec(step) === null ? [] : [step, step.slice(0, -2), step.slice(-1)];
    return [step, [key, what]] as const;
  }),
);

export class World {
  readonly cache: ReadThrough;
  private readonly setting: Setting;
  private readonly loads: Load[] = [];
  private readonly reads: Read[] = [];
  private readonly version = new Map<string, number>(keys.map((key) => [key, 1]));
  private readonly armed = new Set<{ run: () => void; load: Load | undefined; soft: boolean; key: string }>();
  private now = 0;
  private looking = '';
  private unturned = false;
  private broken: string | undefined;

  constructor(make: Make, setting: Setting) {
    this.setting = setting;
    const { obedient = false, options } = setting;
    this.cache = make({
      max: 2,
      clock: { now: () => this.now },
      timers: {
        set: (run, delayMs) => {
          const timer = { run, load: undefined, soft: delayMs === options.softTimeoutMs, key: this.looking };
          this.armed.add(timer);
          return timer;
        },
        clear: (timer) => this.armed.delete(timer as never),
      },
      load: (key, { signal }) =>
        new Promise((resolve, reject) => {
          const load: Load = {
            ...{ key, resolve, reject, signal, outcome: 'open', timedOut: false },
            version: this.version.get(key) ?? 0,
          };
          this.loads.push(load);
          for (const timer of this.armed) if (timer.load === undefined && !timer.soft) timer.load = load;
          if (obedient) signal.addEventListener('abort', () => reject(new Leave('aborted')));
        }),
      ...options,
    });
  }

  /** Whether the step would change anything. */
  enabled(step: string): boolean {
    const [key, what] = split(step);
    switch (what) {
      case 'fetch':
      case 'leave-able fetch':
      case 'set':
        return true;
      case 'refresh':
        return this.setting.behind === true;
      case 'delete':
        return this.cache.peek(key) !== undefined || this.open(key).length > 0 || this.setting.behind === true;
      case 'clear':
        return this.cache.size > 0 || this.loads.some((load) => load.outcome === 'open');
      case 'evict':
        return this.cache.size > 0;
      case 'turn':
        return this.unturned;
      case 'tick':
        return this.setting.options.ttl !== undefined;
      case 'resolve last':
        return this.open(key).length > 1;
      case 'leave':
        return this.reads.some((read) => read.key === key && read.leaver !== undefined && pending(read));
      case 'time out':
        return [...this.armed].some(({ load, soft }) => !soft && load?.key === key);
      case 'soft time out':
        return [...this.armed].some((timer) => timer.soft && timer.key === key);
      default:
        return this.open(key).length > 0;
    }
  }

  /** Takes a step and checks the laws. A promise when microtasks have to run. */
  take(step: string): Promise<void> | undefined {
    const [key, what] = split(step);
    this.looking = key;
    switch (what) {
      case 'fetch':
        this.read(key, undefined, false);
        break;
      case 'leave-able fetch':
        this.read(key, new AbortController(), false);
        break;
      case 'refresh':
        this.read(key, undefined, true);
        break;
      case 'set':
        this.write(key);
        this.cache.set(key, this.version.get(key) ?? 0);
        break;
      case 'delete':
        this.write(key);
        this.cache.delete(key);
        break;
      case 'clear':
        for (const each of keys) this.write(each);
        this.cache.clear();
        break;
      case 'evict':
        for (const stranger of strangers) this.cache.set(stranger, 0);
        break;
      case 'tick':
        this.now += 4;
        break;
      case 'turn':
        return this.turn().then(() => this.check());
      case 'leave':
        this.leave(key);
        break;
      case 'time out':
      case 'soft time out':
        this.fire(key, what === 'soft time out');
        break;
      default:
        this.settle(what === 'resolve last' ? this.open(key).at(-1) : this.open(key)[0], what);
    }
    this.check();
    return undefined;
  }

  /** Lets every load end, and checks what must be true when all is quiet. */
  async finish(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      for (const key of keys) for (const load of this.open(key)) this.settle(load, 'resolve');
      await this.turn();
      this.check();
      if (this.cache.loadsInFlight === 0) break;
    }
    if (this.reads.some((read) => read.settled !== 1)) throw new Violation('a fetch did not settle, or did so twice');
    if (this.cache.loadsInFlight !== 0) throw new Violation('a load is counted as running that has ended');
    if (this.armed.size > 0) throw new Violation('a timer is left armed');
    const stats = this.cache.stats?.();
    if (stats !== undefined) this.audit(stats);
  }

  private audit(stats: LoadingCacheStats): void {
    const reads = this.reads.filter((read) => read.settled > 0).length;
    if (stats.loads !== this.loads.length) throw new Violation('loads are miscounted');
    if (stats.hits + stats.misses !== reads) throw new Violation('a read is neither hit nor miss, or both');
    if (stats.joined > stats.misses) throw new Violation('more joined than missed');
    if (stats.loadFailures + stats.discarded > stats.loads) throw new Violation('a load ended twice');
  }

  private open(key: string): Load[] {
    return this.loads.filter((load) => load.key === key && load.outcome === 'open');
  }

  private write(key: string): void {
    this.version.set(key, (this.version.get(key) ?? 0) + 1);
  }

  private read(key: string, leaver: AbortController | undefined, refresh: boolean): void {
    const read: Read = { key, version: this.version.get(key) ?? 0, leaver, left: false, waiting: false, settled: 0 };
    this.reads.push(read);
    this.unturned = true;
    this.cache.fetch(key, leaver === undefined ? (refresh ? { refresh } : undefined) : { signal: leaver.signal }).then(
      (value) => {
        read.settled++;
        if (value === undefined) this.lawOfAbsence(read);
        else if (value < read.version) this.broken ??= `stale: a fetch at ${String(read.version)} got ${String(value)}`;
        if (read.waiting && read.left) this.broken ??= 'a caller who left was answered';
      },
      (error: unknown) => {
        read.settled++;
        this.lawOfFailure(read, error);
      },
    );
  }

  private lawOfAbsence(read: Read): void {
    if (!this.since(read).some((load) => load.outcome === 'absent')) this.broken ??= 'absent, said no source';
  }

  private lawOfFailure(read: Read, error: unknown): void {
    const code = (error as { code?: string }).code;
    const allowed =
      (read.left && error instanceof Leave && error.message === 'left') ||
      (error instanceof SourceError && error.load.key === read.key && error.load.version >= read.version) ||
      (code === 'LOAD_TIMEOUT' && this.since(read).some((load) => load.timedOut)) ||
      (code === 'LOAD_QUEUE_FULL' && this.setting.options.maxQueuedLoads !== undefined);
    if (!allowed) this.broken ??= `a fetch was rejected for no reason of its own: ${String(error)}`;
  }

  private since(read: Read): Load[] {
    return this.loads.filter((load) => load.key === read.key && load.version >= read.version);
  }

  private leave(key: string): void {
    const read = this.reads.find((each) => each.key === key && each.leaver !== undefined && pending(each));
    if (read === undefined) return;
    read.left = true;
    read.waiting = !this.unturned;
    read.leaver?.abort(new Leave('left'));
    this.unturned = true;
  }

  private fire(key: string, soft: boolean): void {
    for (const timer of this.armed) {
      if (timer.soft !== soft || (soft ? timer.key : timer.load?.key) !== key) continue;
      this.armed.delete(timer);
      if (timer.load !== undefined) timer.load.timedOut = true;
      this.unturned = true;
      timer.run();
      return;
    }
  }

  private settle(load: Load | undefined, how: string): void {
    if (load === undefined) return;
    this.unturned = true;
    load.outcome = how === 'reject' ? 'error' : how === 'absent' ? 'absent' : 'value';
    if (how === 'reject') load.reject(new SourceError(load));
    else load.resolve(how === 'absent' ? undefined : load.version);
  }

  private async turn(): Promise<void> {
    this.unturned = false;
    // As many as the longest chain of reactions from a source's promise to a caller's: measured, plus two.
    for (let job = 0; job < 7; job++) await Promise.resolve();
  }

  private check(): void {
    if (this.broken !== undefined) throw new Violation(this.broken);
    if (this.cache.size > 2) throw new Violation('more entries than max');
    for (const key of keys) {
      const current = this.version.get(key) ?? 0;
      const held = this.cache.peek(key);
      if (held !== undefined && held !== current) throw new Violation(`stale: ${String(held)} for ${String(current)}`);
      const mine = this.loads.filter((load) => load.key === key && load.version === current);
      if (this.cache.state?.(key) === 'absent' && !mine.some((load) => load.outcome === 'absent')) {
        throw new Violation('stale: absence of before the write');
      }
      const live = this.loads.filter((load) => load.key === key && load.outcome === 'open' && !load.signal.aborted);
      // One that waited for its turn while its key was written reads what was written, but is not stored.
      const queued = this.setting.options.maxConcurrentLoads !== undefined;
      if (!queued && live.filter((load) => load.version === current).length > 1)
        throw new Violation('two loads of a key');
      if (this.setting.behind === true) continue;
      for (const load of live) {
        const needed = this.reads.some((r) => r.key === key && r.version <= load.version && pending(r));
        if (!needed) throw new Violation('a load runs that nobody needs, and was not told');
      }
    }
  }
}

function pending(read: Read): boolean {
  return read.settled === 0 && !read.left;
}

function split(step: string): readonly [key: string, what: string] {
  return halves.get(step) ?? ['', step];
}
