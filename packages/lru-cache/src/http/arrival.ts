/**
 * Arrival: what becomes of the origin's answer, whichever shell it came through.
 *
 * A failure that may be answered stale is; a 304 to our own condition freshens what is stored; anything else is relayed
 * to the client, and captured on the way if it may be stored. The trip is released as soon as it is known whether
 * others can be answered with the result, and ended when nothing more will be stored.
 */
import type { Capture, Captured } from './capture.ts';
import { isServerError, mayServeOnError } from './decide.ts';
import type { Errand, Member } from './departure.ts';
import type { HttpStore } from './http-store.ts';
import { mergeNotModified, sameRepresentation } from './merge.ts';
import { validates } from './preconditions.ts';
import type { HeaderList, StoredResponse } from './types.ts';
import { selectingFields } from './vary.ts';

/** The header of a response, when it was asked for, and when it came. */
export interface Arrived {
  readonly status: number;
  readonly headers: HeaderList;
  readonly requestTime: number;
  readonly responseTime: number;
  /** Of the body; undefined when nobody knows. */
  readonly length: number | undefined;
}

export type Arrival =
  | { readonly kind: 'answer'; readonly stored: StoredResponse; readonly member: Member }
  /** A 304 about a response that we do not have. What we had is dropped; the trip goes on. */
  | { readonly kind: 'foreign' }
  /** With a capture, whatever ends it must call `onEnd`, once. */
  | {
      readonly kind: 'relay';
      readonly member: Member;
      readonly capture?: Capture;
      readonly onEnd?: (captured: Captured) => void;
    };

/** The origin could not be asked. The stale answer, or undefined: pass the error on. `left`: the client is why. */
export function failed(store: HttpStore, errand: Errand, error: unknown, left: boolean): Arrival | undefined {
  const { trip, stored, headers, member } = errand;
  store.trips.release(trip, left ? 'left' : { error });
  store.trips.end(trip);
  if (left || stored === undefined || !mayServeOnError(stored, headers, store.now(), store.role)) return undefined;
  return { kind: 'answer', stored, member: { ...member, detail: 'stale-if-error' } };
}

/** `mayStore` false: for reasons of the shell this response is only passed on. */
export function arrive(store: HttpStore, errand: Errand, arrived: Arrived, mayStore: boolean): Arrival {
  const { trip, stored, headers, method, validators } = errand;
  const { trips } = store;
  const { status } = arrived;
  const member: Member = { ...errand.member, fwdStatus: status };
  if (stored !== undefined) {
    if (isServerError(status) && mayServeOnError(stored, headers, store.now(), store.role)) {
      trips.release(trip, 'refused');
      trips.end(trip);
      return { kind: 'answer', stored, member: { ...member, detail: 'stale-if-error' } };
    }
    if (status === 304 && validators.length > 0) {
      if (!validates(stored, arrived.headers)) {
        store.drop(trip.key, stored);
        return { kind: 'foreign' };
      }
      const merged = freshened(stored, headers, arrived);
      const kept = store.freshen(trip, headers, stored, merged);
      trips.end(trip);
      return { kind: 'answer', stored: merged, member: kept ? { ...member, stored: true } : member };
    }
    if (method === 'HEAD' && status === 200) {
      const same = sameRepresentation(stored, arrived.headers);
      if (same === true) store.freshen(trip, headers, stored, freshened(stored, headers, arrived));
      if (same === false) store.drop(trip.key, stored);
    }
  }
  const candidate = mayStore ? store.candidate(errand, arrived) : undefined;
  const capture = candidate === undefined ? undefined : store.capture(arrived.length);
  if (candidate === undefined || capture?.open !== true) {
    // What is stored is no longer what the origin says; an error, or a 304 to the client's own condition, says nothing.
    if (stored !== undefined && method === 'GET' && status < 500 && status !== 304) store.drop(trip.key, stored);
    trips.release(trip, 'unshared');
    trips.end(trip);
    return { kind: 'relay', member };
  }
  const shareable = store.isShareable(candidate);
  if (!shareable) trips.release(trip, 'unshared');
  const onEnd = (captured: Captured): void => {
    // A body that broke off says that there is a newer one, and does not bring it: the old one may have to do.
    if (stored !== undefined && captured !== 'broken') store.drop(trip.key, stored);
    const kept = typeof captured === 'object' && store.put(trip, { ...candidate, body: captured });
    if (shareable && captured !== 'broken') trips.release(trip, kept ? 'shared' : 'unshared');
    trips.end(trip);
  };
  return { kind: 'relay', member: { ...member, stored: true }, capture, onEnd };
}

function freshened(stored: StoredResponse, requestHeaders: HeaderList, arrived: Arrived): StoredResponse {
  const merged = mergeNotModified(stored, arrived.headers, arrived.requestTime, arrived.responseTime);
  return { ...merged, requestHeaders: selectingFields(requestHeaders, merged.headers) };
}
