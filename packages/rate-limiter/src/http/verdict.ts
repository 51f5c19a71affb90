/**
 * The verdict: a decision in the words of HTTP, as status, header fields and body.
 *
 * Fields are those of draft-ietf-httpapi-ratelimit-headers-11, which are Structured Fields (RFC 9651): integers of at
 * most 15 digits, and names that need no escaping because a limit's name cannot hold what would.
 *
 *     RateLimit-Policy: "burst";q=20;w=2, "daily";q=50000;w=86400      what the limits are
 *     RateLimit: "burst";r=7;t=1                                       what is left in the one that decides
 *     Retry-After: 1                                                   refused: seconds to wait
 *
 * Every rounding is up, and jitter only adds: a client that obeys, alone on its key, is never refused twice. `t` is
 * the time in which no more than `r` units may be used; for an allowed request that is the share of the window that r
 * stands for. Bodies are problem details (RFC 9457) with the draft's problem types, built once per limit. A blocklist
 * has no quota and is no policy; a store that was full is our fault, so a 503 without quota fields.
 */
import type { Decision } from '../decision.ts';
import { systemRandom } from '../environment.ts';
import type { Limit } from '../limits.ts';

export interface Verdict {
  readonly allowed: boolean;
  readonly status: 200 | 429 | 503;
  /** Names and values, to be set on the response, allowed or not. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Of a refusal; '' when allowed. */
  readonly body: string;
  readonly decision: Decision;
}

export interface VerdictOptions {
  /** 0..1: Retry-After grows by up to this share, so that refused clients do not all return at once. Default 0.1. */
  readonly retryJitter?: number;
  readonly random?: () => number;
}

const INTEGER_MAX = 999_999_999_999_999;
const PROBLEM = 'https://iana.org/assignments/http-problem-types#';

const counts = ({ algorithm }: Limit): boolean => algorithm !== 'blocklist';
const integer = (value: number): number => Math.min(INTEGER_MAX, Math.ceil(value));
const seconds = (ms: number): number => integer(ms / 1000);

function policy(limit: Limit): string {
  const unit = limit.unit === 'requests' ? '' : `;qu="${limit.unit}"`;
  return `"${limit.name}";q=${integer(limit.quota)};w=${Math.max(1, seconds(limit.windowMs))}${unit}`;
}

function problem(type: string, title: string, status: number, policies: readonly string[]): string {
  return JSON.stringify({ type: PROBLEM + type, title, status, 'violated-policies': policies });
}

function refusal(limit: Limit): string {
  return counts(limit)
    ? problem('quota-exceeded', 'The quota is used up; try again later', 429, [limit.name])
    : problem('abnormal-usage-detected', 'Blocked because of unusual use; try again later', 429, [limit.name]);
}

/**
 * Makes a function from a decision of a limiter with these limits to what HTTP says. O(1) per decision.
 *
 * @throws {RangeError} when `retryJitter` is not in 0..1
 */
export function createVerdict(limits: readonly Limit[], options: VerdictOptions = {}): (decision: Decision) => Verdict {
  const jitter = options.retryJitter ?? 0.1;
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`retryJitter must be in 0..1; got ${String(jitter)}`);
  const random = options.random ?? systemRandom;
  const policies = limits.filter(counts).map(policy).join(', ');
  const bodies = new Map(limits.map((limit) => [limit, refusal(limit)]));
  const full = problem('temporary-reduced-capacity', 'No new clients can be served for now; try again later', 503, []);
  return (decision) => {
    const { allowed, limit, retryAfterMs, remaining } = decision;
    const isFull = decision.source === 'full';
    const headers: [string, string][] = [];
    if (policies !== '' && !isFull) headers.push(['RateLimit-Policy', policies]);
    if (counts(limit) && !isFull) {
      const windowMs = allowed ? Math.max(retryAfterMs, (remaining * limit.windowMs) / limit.quota) : retryAfterMs;
      const t = windowMs === Infinity ? '' : `;t=${seconds(windowMs)}`;
      headers.push(['RateLimit', `"${limit.name}";r=${Math.min(INTEGER_MAX, remaining)}${t}`]);
    }
    if (allowed) return { allowed, status: 200, headers, body: '', decision };
    if (retryAfterMs !== Infinity) {
      const wait = seconds(retryAfterMs);
      headers.push(['Retry-After', String(wait + Math.floor(wait * jitter * random()))]);
    }
    headers.push(['Content-Type', 'application/problem+json']);
    return {
      allowed,
      status: isFull ? 503 : 429,
      headers,
      body: isFull ? full : (bodies.get(limit) ?? refusal(limit)),
      decision,
    };
  };
}
