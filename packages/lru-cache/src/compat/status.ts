/** The first fields of a `status` object: which operation, on what. The operations fill in the rest as they go. */
import type { LRUCache } from './lru-cache.ts';
import type { NonNullish, StatusShape as Status } from './types.ts';

export function open<K extends NonNullish, V extends NonNullish, FC>(
  status: Status<K, V, FC> | undefined,
  op: NonNullable<Status<K, V, FC>['op']>,
  key: K,
  cache: LRUCache<K, V, FC>,
  asked: { readonly context?: unknown; readonly forceRefresh?: boolean } = {},
): Status<K, V, FC> | undefined {
  if (status === undefined) return undefined;
  Object.assign(status, { op, key, cache });
  if (asked.context !== undefined) status.context = asked.context;
  if (asked.forceRefresh === true) status.forceRefresh = true;
  return status;
}

/** A value that was answered, if there was one. */
export function answered<K, V, FC>(status: Status<K, V, FC> | undefined, value: V | undefined): V | undefined {
  if (status !== undefined && value !== undefined) status.value = value;
  return value;
}
