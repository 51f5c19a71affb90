/**
 * Departure: what a read does next, whichever shell it came through.
 *
 * Answer from store; wait for another request that is on its way for the same thing, and then ask again here; or go
 * forward. Nobody waits more than three times, and only a wait that brought nothing for this request alone (another
 * variant, a client that left) is followed by another: waiting must never turn a crowd into a queue.
 */
import type { CacheStatusMember } from './cache-status.ts';
import { mayServeOnError } from './decide.ts';
import { fieldValue } from './fields.ts';
import type { HttpStore } from './http-store.ts';
import { CLIENT_VALIDATORS } from './preconditions.ts';
import type { Trip, TripOutcome } from './trips.ts';
import type { HeaderList, StoredResponse } from './types.ts';

export type Member = Omit<CacheStatusMember, 'name'>;

/** A GET or HEAD. */
export interface Read {
  readonly method: string;
  readonly key: string;
  readonly headers: HeaderList;
}

/** A read on its way to the origin. */
export interface Errand extends Read {
  readonly trip: Trip;
  /** What is to be validated, and the fields that ask for it. */
  readonly stored: StoredResponse | undefined;
  readonly validators: HeaderList;
  /** What Cache-Status will say of the way there. */
  readonly member: Member;
}

export type Departure =
  /** `refresh`: the response is stale and nobody revalidates it yet. */
  | {
      readonly kind: 'answer';
      readonly stored: StoredResponse;
      readonly member: Member;
      readonly refresh?: () => Errand;
    }
  | { readonly kind: 'only-if-cached' }
  | { readonly kind: 'wait'; readonly trip: Trip }
  | { readonly kind: 'forward'; readonly errand: Errand }
  | { readonly kind: 'fail'; readonly error: unknown };

/** Fields that only the origin can answer: about a part, or about a change. */
const FOR_THE_ORIGIN = ['range', 'if-match', 'if-unmodified-since', 'if-range'];
const WAITS_MAX = 3;

const hasAny = (headers: HeaderList, names: readonly string[]): boolean =>
  names.some((name) => fieldValue(headers, name) !== undefined);

/** Why a request passes by this cache; undefined when it does not. */
export function passesBy(method: string, headers: HeaderList): 'method' | 'bypass' | undefined {
  if (method !== 'GET' && method !== 'HEAD') return 'method';
  return hasAny(headers, FOR_THE_ORIGIN) ? 'bypass' : undefined;
}

/** `waits` counts the waits before, `outcome` is what the last one brought. Starts a trip when it answers 'forward'. */
export function depart(store: HttpStore, read: Read, waits: number, outcome: TripOutcome | undefined): Departure {
  const { method, key, headers } = read;
  const { trips } = store;
  const decision = store.decide(method, key, headers);
  if (decision.kind === 'only-if-cached') return decision;
  // Not before it is needed: a hit, which is what happens most, needs it never.
  const joint = (): string => store.joint(key, headers);
  const errand = (): Errand => {
    const [stored, validators] =
      decision.kind === 'miss' ? [undefined, []] : [decision.stored, decision.conditionalHeaders];
    // A client's own condition may bring a 304, which is of use to nobody else.
    const joinable = method === 'GET' && (validators.length > 0 || !hasAny(headers, CLIENT_VALIDATORS));
    return {
      ...read,
      trip: trips.start(key, joinable ? joint() : undefined),
      stored,
      validators,
      member: { fwd: decision.fwd },
    };
  };
  if (decision.kind === 'fresh' || decision.kind === 'stale-while-revalidate') {
    const found: Member = waits === 0 ? { hit: true } : { fwd: 'miss', collapsed: true };
    const answer = { kind: 'answer', stored: decision.stored, member: found } as const;
    return decision.kind === 'fresh' || trips.isUnderWay(joint()) ? answer : { ...answer, refresh: errand };
  }
  if (outcome === 'refused' || typeof outcome === 'object') {
    // One attempt a wave: who waited while it was made shares its failure.
    if (decision.kind === 'revalidate' && mayServeOnError(decision.stored, headers, store.now(), store.role)) {
      return {
        kind: 'answer',
        stored: decision.stored,
        member: { fwd: 'stale', collapsed: true, detail: 'stale-if-error' },
      };
    }
    if (typeof outcome === 'object') return { kind: 'fail', error: outcome.error };
  }
  const again = outcome === undefined || outcome === 'left' || (outcome === 'shared' && decision.fwd === 'vary-miss');
  // Who asks for the origin's word wants it given after the question.
  const trip = again && waits < WAITS_MAX && decision.fwd !== 'request' ? trips.find(key, joint()) : undefined;
  return trip === undefined ? { kind: 'forward', errand: errand() } : { kind: 'wait', trip };
}
