/**
 * What the rules of HTTP caching speak of: header lists, stored responses, decisions.
 *
 * Headers are lists of pairs and not a Headers object, so that the rules run without a browser, on what a fetch and
 * on what a node:http server hands over. Names are matched without regard to case; values are as they came, and
 * nothing in this folder throws because of one. All times are milliseconds of the wall clock, since `Date`, `Expires`
 * and `Age` are about the wall clock of somebody else.
 */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Directives by lower-case name: a number of seconds, the text of an argument, or `true` when there is none. */
export type CacheControl = Readonly<Record<string, number | string | true>>;

/** Shared caches answer many users with one response; private ones belong to one user, as a browser's does. */
export interface CacheRole {
  readonly shared: boolean;
}

/** A complete response. `requestHeaders` need hold no more than the fields that its `Vary` names. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly requestHeaders: HeaderList;
  /** When the request was sent that this response answers. */
  readonly requestTime: number;
  /** When its header arrived. */
  readonly responseTime: number;
}

/**
 * What to do with a request. `fwd` is the reason for going to the origin, in the words of RFC 9211.
 *
 * 'fresh' answers from store, perhaps with a stale response that the request's `max-stale` accepts.
 * 'stale-while-revalidate' does too, and revalidates behind. 'revalidate' asks the origin first.
 */
export type HttpDecision =
  | {
      readonly kind: 'fresh' | 'stale-while-revalidate' | 'revalidate';
      readonly stored: StoredResponse;
      /** `If-None-Match` and `If-Modified-Since`; empty when the response has no validator. */
      readonly conditionalHeaders: HeaderList;
      readonly fwd: 'stale' | 'request';
    }
  | { readonly kind: 'miss'; readonly fwd: 'uri-miss' | 'vary-miss' | 'request' }
  | { readonly kind: 'only-if-cached' };
