/**
 * The verdict: a decision in the words of HTTP, as status, header fields and body.
 *
 * 429 is the client's doing and nothing else is: a store that was full, one that does not answer while the limiter was
 * told to refuse then ('closed'), and a server with too much under way are ours, so 503 without quota fields. Nor are
 * there any where nobody counted ('open').
 *
 * Retry-After never ends before the `t` of RateLimit, and jitter only adds to it. Where no wait would help, it is
 * absent. Bodies are built once per limit.
 */
import { requireOneOf } from '../check.ts';
import type { Permit } from '../adaptive/types.ts';
import type { Decision } from '../decision.ts';
import { systemRandom, systemWallClock } from '../environment.ts';
import type { Limit } from '../limits.ts';
import { counts, legacyFields, policyField, rateLimitField, seconds, type Field } from './fields.ts';
import { PROBLEM_TYPE, reducedCapacity, violationOf } from './problem.ts';

export interface Verdict {
  readonly allowed: boolean;
  readonly status: 200 | 429 | 503;
  /** Names and values, to be set on the response, allowed or not. */
  readonly headers: readonly Field[];
  /** Of a refusal; '' when allowed. */
  readonly body: string;
  /** Absent where no limiter was asked. */
  readonly decision?: Decision;
  /** Held by the request while it is under way; see `Guard.settle`. Absent if there is no concurrency limiter. */
  readonly permit?: Permit;
}

export interface VerdictOptions {
  /**
   * 'draft' (default): RateLimit-Policy and RateLimit. 'draft+legacy': also X-RateLimit-Limit, -Remaining and -Reset.
   * 'none': only Retry-After.
   */
  readonly headers?: 'draft' | 'draft+legacy' | 'none';
  /** 0..1: Retry-After grows by up to this share, so that refused clients do not all return at once. Default 0.1. */
  readonly retryJitter?: number;
  /** In 0..1, 1 excluded. Default `Math.random`. */
  readonly random?: () => number;
  /** Milliseconds since 1970, for X-RateLimit-Reset. Default `Date.now`. */
  readonly wallClock?: () => number;
}

/** Says what HTTP says of a decision. */
export type Wording = (decision: Decision) => Verdict;

const NO_QUOTA: readonly Decision['source'][] = ['full', 'open', 'closed'];

/**
 * Makes a function from a decision of a limiter with these limits to what HTTP says. O(1) per decision.
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 */
export function createVerdict(limits: readonly Limit[], options: VerdictOptions = {}): Wording {
  const jitter = options.retryJitter ?? 0.1;
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`retryJitter must be in 0..1; got ${String(jitter)}`);
  const mode = requireOneOf('headers', options.headers ?? 'draft', ['draft', 'draft+legacy', 'none']);
  const { random = systemRandom, wallClock = systemWallClock } = options;
  const policies = policyField(limits);
  const bodies = new Map(limits.map((limit) => [limit, violationOf(limit)]));

  function quotaFields(decision: Decision): Field[] {
    const { limit, source } = decision;
    if (mode === 'none' || NO_QUOTA.includes(source)) return [];
    // A limiter that stands in may have limits of its own; a policy must be listed where it is spoken of.
    const listed = bodies.has(limit) ? policies : policyField([limit]);
    const fields = listed === undefined ? [] : [listed];
    if (!counts(limit)) return fields;
    fields.push(rateLimitField(decision));
    return mode === 'draft' ? fields : [...fields, ...legacyFields(decision, wallClock)];
  }

  return (decision) => {
    const { allowed, limit, retryAfterMs, source } = decision;
    const headers = quotaFields(decision);
    if (allowed) return { allowed, status: 200, headers, body: '', decision };
    if (retryAfterMs !== Infinity) {
      const wait = seconds(retryAfterMs);
      headers.push(['Retry-After', String(wait + Math.floor(wait * jitter * random()))]);
    }
    headers.push(PROBLEM_TYPE);
    if (NO_QUOTA.includes(source)) return { allowed, status: 503, headers, body: reducedCapacity, decision };
    return { allowed, status: 429, headers, body: bodies.get(limit) ?? violationOf(limit), decision };
  };
}

/** What is said when too much is under way: come back in 1 or 2 seconds. */
export function shedVerdict(random: () => number = systemRandom): Verdict {
  const retryAfter: Field = ['Retry-After', String(1 + Math.floor(2 * random()))];
  return { allowed: false, status: 503, headers: [retryAfter, PROBLEM_TYPE], body: reducedCapacity };
}
