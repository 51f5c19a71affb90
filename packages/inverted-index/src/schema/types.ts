/**
 * The types a schema gives: what a mapping may say, and what documents and field names follow from it.
 * Only types live here. The convention of the package: snake_case keys are Elasticsearch's own JSON, camelCase keys
 * are ours. A multi-field is addressed as `title.raw`, a field of an object as `author.name`.
 */
import type { AnalyzerName } from '../analysis/analyzer.ts';

export type FieldMapping =
  | { readonly type: 'text'; readonly analyzer?: AnalyzerName; readonly weight?: number; readonly fields?: Properties }
  | { readonly type: 'keyword'; readonly fields?: Properties }
  | { readonly type: 'long' | 'integer' | 'double' | 'date' | 'boolean' }
  | { readonly type?: 'object'; readonly properties: Properties };
export type Properties = Readonly<Record<string, FieldMapping>>;
export interface Mappings {
  readonly properties: Properties;
  /** `strict` (default) rejects a document with an unmapped key; `false` keeps such keys in `_source` only. */
  readonly dynamic?: 'strict' | false;
}

type OneOrMany<T> = T | readonly T[] | null;
type ValueOf<F extends FieldMapping> = F extends { readonly properties: infer P extends Properties }
  ? ObjectOf<P> | null
  : F extends { readonly type: 'text' | 'keyword' }
    ? OneOrMany<string>
    : F extends { readonly type: 'boolean' }
      ? OneOrMany<boolean>
      : F extends { readonly type: 'date' }
        ? OneOrMany<string | number>
        : OneOrMany<number>;
type ObjectOf<P extends Properties> = { readonly [K in keyof P]?: ValueOf<P[K]> };
/** The documents an index with mappings M takes: every key optional, arrays and null allowed. */
export type DocumentOf<M extends Mappings> = ObjectOf<M['properties']>;

type PathOf<P extends Properties> = {
  [K in keyof P & string]: P[K] extends { readonly properties: infer Q extends Properties }
    ? `${K}.${PathOf<Q>}`
    : P[K] extends { readonly fields: infer Q extends Properties }
      ? K | `${K}.${PathOf<Q>}`
      : K;
}[keyof P & string];
/** The dotted names of the fields of M. */
export type FieldPath<M extends Mappings> = PathOf<M['properties']>;
