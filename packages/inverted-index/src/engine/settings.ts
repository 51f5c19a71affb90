/**
 * The options of an index, checked and complete. Everything wrong is refused here, at `open`, with its path.
 */
import { SearchError, show } from '../errors.ts';
import { Schema, checkKeys, isObject } from '../schema/mapping.ts';
import type { Mappings } from '../schema/types.ts';
import type { Similarity } from '../search/statistics.ts';
import type { IndexOptions, Limits } from './types.ts';

export interface Settings {
  readonly schema: Schema;
  readonly limits: Limits;
  readonly similarity: Similarity;
  readonly ramBufferBytes: number;
  readonly onSearch: boolean;
}

const LIMITS: Limits = {
  maxResultWindow: 10_000,
  maxClauses: 1024,
  maxDepth: 20,
  maxTerms: 65_536,
  maxQueryChars: 16_384,
  maxDocumentBytes: 16 * 2 ** 20,
};

function requireNumber(value: unknown, accepts: (n: number) => boolean, allowed: string, path: string): number {
  if (typeof value !== 'number' || !accepts(value))
    throw new SearchError('invalid_value', `got ${show(value)}; allowed: ${allowed}`, path);
  return value;
}

export function settingsOf(options: IndexOptions<Mappings>): Settings {
  if (!isObject(options)) throw new SearchError('invalid_value', 'expected an object', 'options');
  checkKeys({ ...options }, ['mappings', 'settings', 'ramBufferBytes', 'refresh', 'limits'], 'options');
  checkKeys({ ...options.settings }, ['similarity'], 'settings');
  checkKeys({ ...options.settings?.similarity }, ['k1', 'b'], 'settings.similarity');
  const { k1 = 0.9, b = 0.4 } = options.settings?.similarity ?? {};
  requireNumber(k1, (n) => n > 0 && n < Infinity, 'a number above 0', 'settings.similarity.k1');
  requireNumber(b, (n) => n >= 0 && n <= 1, 'a number from 0 to 1', 'settings.similarity.b');
  const ramBufferBytes = options.ramBufferBytes ?? 64 * 2 ** 20;
  requireNumber(ramBufferBytes, (n) => n > 0, 'a number above 0', 'ramBufferBytes');
  const refresh: unknown = options.refresh ?? 'on_search';
  if (refresh !== 'on_search' && refresh !== 'manual')
    throw new SearchError('invalid_value', `got ${show(refresh)}; allowed: on_search, manual`, 'refresh');
  checkKeys({ ...options.limits }, Object.keys(LIMITS), 'limits');
  const limits = { ...LIMITS, ...options.limits };
  for (const [key, value] of Object.entries(limits))
    requireNumber(value, (n) => Number.isSafeInteger(n) && n > 0, 'an integer above 0', `limits.${key}`);
  return {
    schema: new Schema(options.mappings),
    limits,
    similarity: { k1, b },
    ramBufferBytes,
    onSearch: refresh === 'on_search',
  };
}
