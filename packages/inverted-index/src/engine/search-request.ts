/**
 * A search body, checked: paging, what to return, and how to highlight. The query inside it is `query/parse.ts`'s.
 * Like every input it is accepted whole or refused with a path, before any posting is read.
 */
import { SearchError, show } from '../errors.ts';
import { type HighlightOptions, highlight } from '../features/highlight.ts';
import type { Node } from '../query/node.ts';
import { type Field, type Schema, checkKeys, isObject } from '../schema/mapping.ts';
import type { Limits } from './types.ts';

/** The fragments of each field of a stored document, for those that have any. */
export type Marker = (json: string, node: Node) => Readonly<Record<string, readonly string[]>>;

export interface SearchRequest {
  readonly query: unknown;
  readonly from: number;
  readonly size: number;
  readonly trackTotal: boolean;
  readonly withSource: boolean;
  readonly marker: Marker | undefined;
}

/** A string is `combined_fields` over all text fields. */
export function searchRequest(body: unknown, schema: Schema, limits: Limits): SearchRequest {
  const given: unknown = typeof body === 'string' ? { query: { combined_fields: { query: body } } } : body;
  if (!isObject(given)) throw new SearchError('invalid_value', 'expected a string or an object', 'body');
  checkKeys(given, ['query', 'from', 'size', 'track_total_hits', '_source', 'highlight'], 'body');
  const from = whole(given['from'], 0, 'from');
  const size = whole(given['size'], 10, 'size');
  if (from + size > limits.maxResultWindow)
    throw new SearchError(
      'limit_exceeded',
      `from + size is ${from + size}; allowed: ${limits.maxResultWindow}`,
      'size',
    );
  return {
    query: given['query'] ?? { match_all: {} },
    from,
    size,
    trackTotal: flag(given['track_total_hits'], 'track_total_hits'),
    withSource: flag(given['_source'], '_source'),
    marker: markerOf(given['highlight'], schema),
  };
}

function markerOf(given: unknown, schema: Schema): Marker | undefined {
  if (given === undefined) return undefined;
  if (!isObject(given) || !isObject(given['fields']))
    throw new SearchError('invalid_value', 'expected { fields: {...} }', 'highlight');
  checkKeys(given, ['fields', 'pre_tags', 'post_tags'], 'highlight');
  const tag = (key: string, fallback: string): string => {
    const list: unknown = given[key] ?? [fallback];
    const first: unknown = Array.isArray(list) && list.length === 1 ? list[0] : undefined;
    if (typeof first !== 'string')
      throw new SearchError('invalid_value', 'expected an array of one string', `highlight.${key}`);
    return first;
  };
  const [preTag, postTag] = [tag('pre_tags', '<em>'), tag('post_tags', '</em>')];
  const wanted = Object.entries(given['fields']).map(([name, spec]): readonly [Field, HighlightOptions] => {
    const path = `highlight.fields.${name}`;
    const field = schema.field(name, path);
    if (field.type !== 'text' && field.type !== 'keyword')
      throw new SearchError('wrong_field_type', `"${name}" is ${field.type}; needed: text or keyword`, path);
    if (!isObject(spec)) throw new SearchError('invalid_value', 'expected an object', path);
    checkKeys(spec, ['fragment_size', 'number_of_fragments'], path);
    const fragmentSize = whole(spec['fragment_size'], 100, `${path}.fragment_size`);
    const fragments = whole(spec['number_of_fragments'], 5, `${path}.number_of_fragments`);
    return [field, { preTag, postTag, fragmentSize, fragments }];
  });
  return (json, node) => {
    const values = schema.values(JSON.parse(json));
    const out: [string, readonly string[]][] = [];
    for (const [field, options] of wanted) {
      const texts = values.filter((value) => value.field === field).flatMap(({ strings }) => strings);
      const fragments = texts.flatMap((text) => highlight(text, field.analyzer, node, field.name, options));
      if (fragments.length > 0)
        out.push([field.name, options.fragments > 0 ? fragments.slice(0, options.fragments) : fragments]);
    }
    return Object.fromEntries(out);
  };
}

function whole(value: unknown, fallback: number, path: string): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new SearchError('invalid_value', `got ${show(value)}; allowed: an integer >= 0`, path);
  return value;
}

function flag(value: unknown, path: string): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new SearchError('invalid_value', `got ${show(value)}; allowed: true, false`, path);
  return value !== false;
}
