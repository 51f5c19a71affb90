/**
 * Bodies of refusals: problem details (RFC 9457) with the problem types of draft-ietf-httpapi-ratelimit-headers-11.
 *
 * They say which policy was violated and never for whom: a key may be an address or a credential.
 */
import { counts, type Field } from './fields.ts';
import type { Limit } from '../limits.ts';

const TYPES = 'https://iana.org/assignments/http-problem-types#';

export const PROBLEM_TYPE: Field = ['Content-Type', 'application/problem+json'];

function problem(type: string, title: string, status: number, policies: readonly string[]): string {
  return JSON.stringify({ type: TYPES + type, title, status, 'violated-policies': policies });
}

/** The body of a 429 because of this limit. */
export function violationOf(limit: Limit): string {
  return counts(limit)
    ? problem('quota-exceeded', 'The quota is used up; try again later', 429, [limit.name])
    : problem('abnormal-usage-detected', 'Blocked because of unusual use; try again later', 429, [limit.name]);
}

/** The body of a 503: it is us, not the client. */
export const reducedCapacity: string = problem(
  'temporary-reduced-capacity',
  'No more requests can be served for now; try again later',
  503,
  [],
);
