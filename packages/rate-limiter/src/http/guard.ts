/**
 * The guard: everything between a request and its handler, without a framework.
 *
 * In this order: is there room for one more request (cheapest, and it protects all the rest), may this client have it,
 * then the handler. Nothing reads the body, so a refusal costs no more than its header fields. When the request is
 * over, {@link Guard.settle} gives back the permit and, if so configured, the units.
 *
 * A permit is held from the moment it is given until it is settled, or until the guard itself refuses or throws: no
 * way out of `check` leaves one behind. What a finished request teaches a concurrency limit follows its status, as in
 * Netflix's concurrency-limits: 503 and 504 say that something behind us has too much ('dropped'), other 5xx say
 * nothing of load ('ignored'), the rest are samples ('ok'). So is a client that left: it waited at least that long. It
 * is not 'dropped', or clients could close the server for others by hanging up.
 */
import type { ConcurrencyLimiter, Permit } from '../adaptive/types.ts';
import { systemRandom } from '../environment.ts';
import { KEY_LENGTH_MAX } from '../keys.ts';
import type { Limiter, SyncLimiter } from '../limiter.ts';
import { clientKey, type RequestInfo } from './address.ts';
import { digestKey } from './sha256.ts';
import { createVerdict, shedVerdict, type Verdict, type VerdictOptions } from './verdict.ts';

export interface GuardOptions<R> extends VerdictOptions {
  /** Who may send how much. Without one, only `concurrency` guards. */
  readonly limiter?: Limiter;
  /**
   * Whom the request counts for. Default: the client's address, IPv6 grouped by `ipv6Prefix`. `undefined` exempts the
   * request from the limiter, so never return what a client may leave out. A key that is empty or longer than 1024
   * characters is replaced by its digest.
   */
  readonly key?: (request: R) => string | undefined;
  /** Units the request costs, an integer of at least 1. Default 1. */
  readonly cost?: (request: R) => number;
  /** Which proxies are ours, for the default key: see `clientAddress`. Default none. */
  readonly trustProxy?: number | readonly string[];
  /** A field in which a proxy of ours names the client, for the default key: see `clientAddress`. */
  readonly addressHeader?: string;
  /** 32..128, for the default key. Default 64. */
  readonly ipv6Prefix?: number;
  /** How many requests may be under way at once. */
  readonly concurrency?: ConcurrencyLimiter;
  /** The class of the request for `concurrency`, 0 (default) is the highest. Derive it from the route. */
  readonly priority?: (request: R) => number;
  /** Whether a request that ended so is given back, for example `(status) => status < 400` to count failures only. */
  readonly refundIf?: (status: number) => boolean;
  /** Told of each refusal before it is sent. What it throws fails the request. */
  readonly onReject?: (verdict: Verdict, request: R) => void;
}

export interface Guard<R> {
  /**
   * Answers at once if the limiter is in this process and there is room; otherwise a promise, which a store that
   * fails does not reject. `signal` is asked for only if the request has to wait for room; once it aborts, the
   * request is refused.
   *
   * @throws what `key`, `cost`, `priority` or `onReject` throws, and a TypeError or RangeError for what they return;
   * as a rejection if the answer is a promise
   */
  check(request: R, signal?: () => AbortSignal): Verdict | Promise<Verdict>;
  /**
   * Says that an allowed request is over: the status it was answered with, or undefined if the client left before.
   * The first call for a verdict counts, and for a refusal there is nothing to do.
   */
  settle(verdict: Verdict, status: number | undefined): void;
  /** Whether `settle` needs to be called: there is a permit to release or something to refund. */
  readonly tracks: boolean;
}

/**
 * Makes a guard. `describe` tells how to read a request that is not a {@link RequestInfo}; it is only used for the
 * default key.
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 */
export function createGuard(options: GuardOptions<RequestInfo>): Guard<RequestInfo>;
export function createGuard<R>(options: GuardOptions<R>, describe: (request: R) => RequestInfo): Guard<R>;
export function createGuard<R>(
  options: GuardOptions<R>,
  describe: (request: R) => RequestInfo = (request) => request as RequestInfo,
): Guard<R> {
  requireFunctions(options);
  const { limiter, concurrency, cost, refundIf, onReject, random = systemRandom, priority = () => 0 } = options;
  if (limiter === undefined && concurrency === undefined) {
    throw new TypeError('a guard needs a limiter, a concurrency limiter, or both; got neither');
  }
  const key = options.key ?? defaultKey(options, describe);
  const wording = createVerdict(limiter?.limits ?? [], options);
  const settled = new WeakSet<Verdict>();

  function refuse(verdict: Verdict, request: R): Verdict {
    onReject?.(verdict, request);
    return verdict;
  }

  /** After the permit: whatever happens here, a refused or failed request gives it back. */
  function limit(request: R, permit: Permit | undefined): Verdict | Promise<Verdict> {
    const conclude = (verdict: Verdict): Verdict => {
      if (verdict.allowed) return permit === undefined ? verdict : { ...verdict, permit };
      permit?.release('ignored');
      return refuse(verdict, request);
    };
    const fail = (error: unknown): never => {
      permit?.release('ignored');
      throw error;
    };
    try {
      const given = limiter && key(request);
      if (limiter === undefined || given === undefined) return conclude(EXEMPT());
      const bounded = boundedKey(given);
      const units = cost?.(request) ?? 1;
      if (isSync(limiter)) return conclude(wording(limiter.takeSync(bounded, units)));
      return limiter.take(bounded, units).then((decision) => conclude(wording(decision)), fail);
    } catch (error) {
      return fail(error);
    }
  }

  async function queue(request: R, level: number, signal: (() => AbortSignal) | undefined): Promise<Verdict> {
    const aborts = signal?.();
    const permit = await concurrency!
      .acquire(aborts === undefined ? { priority: level } : { priority: level, signal: aborts })
      .catch((error: unknown) => {
        if (aborts?.aborted === true) return undefined;
        throw error;
      });
    return permit === undefined ? refuse(shedVerdict(random), request) : limit(request, permit);
  }

  return {
    tracks: concurrency !== undefined || (refundIf !== undefined && limiter !== undefined),
    check(request, signal) {
      if (concurrency === undefined) return limit(request, undefined);
      const level = priority(request);
      const permit = concurrency.tryAcquire(level);
      return permit === undefined ? queue(request, level, signal) : limit(request, permit);
    },
    settle(verdict, status) {
      if (settled.has(verdict)) return;
      settled.add(verdict);
      verdict.permit?.release(outcomeOf(status));
      if (status === undefined || verdict.decision === undefined || refundIf?.(status) !== true) return;
      void limiter?.refund(verdict.decision);
    },
  };
}

const EXEMPT = (): Verdict => ({ allowed: true, status: 200, headers: [], body: '' });

const isSync = (limiter: Limiter): limiter is SyncLimiter => 'takeSync' in limiter;

function outcomeOf(status: number | undefined): 'ok' | 'dropped' | 'ignored' {
  if (status === 503 || status === 504) return 'dropped';
  return status !== undefined && status >= 500 ? 'ignored' : 'ok';
}

function defaultKey<R>(options: GuardOptions<R>, describe: (request: R) => RequestInfo): (request: R) => string {
  const { trustProxy = 0, addressHeader, ipv6Prefix } = options;
  const keyOf = clientKey({ trustProxy, ...(addressHeader !== undefined && { header: addressHeader }) }, ipv6Prefix);
  return (request) => keyOf(describe(request));
}

/** What a client may write must neither make the limiter throw nor cost memory as it likes. */
function boundedKey(key: string): string {
  return typeof key === 'string' && (key === '' || key.length > KEY_LENGTH_MAX) ? digestKey(key) : key;
}

const FUNCTIONS = ['key', 'cost', 'priority', 'refundIf', 'onReject', 'random', 'wallClock'] as const;

function requireFunctions<R>(options: GuardOptions<R>): void {
  for (const name of FUNCTIONS) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== 'function') {
      throw new TypeError(`${name} must be a function; got ${typeof given}`);
    }
  }
}
