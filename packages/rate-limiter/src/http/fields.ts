/**
 * Header fields of draft-ietf-httpapi-ratelimit-headers-11, which are Structured Fields (RFC 9651): integers of at
 * most 15 digits, and names that need no escaping because a limit's name cannot hold what would.
 *
 *     RateLimit-Policy: "burst";q=20;w=2, "daily";q=50000;w=86400      what the limits are
 *     RateLimit: "burst";r=7;t=1                                       what is left in the one that decides
 *
 * Every rounding is up: a client that obeys, alone on its key, is never refused twice. `t` is the time in which no
 * more than `r` units may be used; for an allowed request that is the share of the window that r stands for. A
 * blocklist has no quota, so it is no policy. The unit is named only where it is not requests, since revision 11
 * spells that one in two ways; no partition key is sent, since it would tell clients how they are told apart.
 */
import type { Decision } from '../decision.ts';
import type { Limit } from '../limits.ts';

/** A header field: its name and its value. */
export type Field = readonly [name: string, value: string];

const INTEGER_MAX = 999_999_999_999_999;

const integer = (value: number): number => Math.min(INTEGER_MAX, Math.ceil(value));

/** Whole seconds, rounded up. */
export const seconds = (ms: number): number => integer(ms / 1000);

export const counts = ({ algorithm }: Limit): boolean => algorithm !== 'blocklist';

function policy(limit: Limit): string {
  const unit = limit.unit === 'requests' ? '' : `;qu="${limit.unit}"`;
  return `"${limit.name}";q=${integer(limit.quota)};w=${seconds(limit.windowMs)}${unit}`;
}

/** RateLimit-Policy for these limits, or undefined if none of them counts. */
export function policyField(limits: readonly Limit[]): Field | undefined {
  const policies = limits.filter(counts).map(policy).join(', ');
  return policies === '' ? undefined : ['RateLimit-Policy', policies];
}

/** RateLimit for the limit that decided, which must be one that counts. */
export function rateLimitField({ allowed, limit, remaining, retryAfterMs }: Decision): Field {
  const windowMs = allowed ? Math.max(retryAfterMs, (remaining * limit.windowMs) / limit.quota) : retryAfterMs;
  const t = windowMs === Infinity ? '' : `;t=${seconds(windowMs)}`;
  return ['RateLimit', `"${limit.name}";r=${Math.min(INTEGER_MAX, remaining)}${t}`];
}

/** The fields that were usual before there was a draft; the reset is a time in seconds since 1970, by this clock. */
export function legacyFields({ limit, remaining, resetAfterMs }: Decision, wallClock: () => number): Field[] {
  return [
    ['X-RateLimit-Limit', String(limit.quota)],
    ['X-RateLimit-Remaining', String(remaining)],
    ['X-RateLimit-Reset', String(seconds(wallClock() + resetAfterMs))],
  ];
}
