/**
 * What goes in and out of the door, as types. snake_case keys are Elasticsearch's own JSON, camelCase keys are ours.
 */
import type { SearchErrorCode } from '../errors.ts';
import type { Query } from '../query/query.ts';
import type { Mappings } from '../schema/types.ts';

export interface Limits {
  readonly maxResultWindow: number;
  readonly maxClauses: number;
  readonly maxDepth: number;
  readonly maxTerms: number;
  readonly maxQueryChars: number;
  readonly maxDocumentBytes: number;
}
export interface IndexOptions<M extends Mappings> {
  readonly mappings: M;
  /** k1 and b of BM25: 0.9 and 0.4. */
  readonly settings?: { readonly similarity?: { readonly k1?: number; readonly b?: number } };
  /** The buffer is frozen into a segment at about this size: 64 MiB. */
  readonly ramBufferBytes?: number;
  readonly refresh?: 'on_search' | 'manual';
  readonly limits?: Partial<Limits>;
}
export interface WriteResult {
  readonly _id: string;
  readonly _version: number;
  readonly _seq_no: number;
  readonly _primary_term: number;
  readonly result: 'created' | 'updated' | 'deleted' | 'not_found' | 'conflict';
}
export type GetResult<D> =
  | {
      readonly found: true;
      readonly _id: string;
      readonly _version: number;
      readonly _seq_no: number;
      readonly _primary_term: number;
      readonly _source: D;
    }
  | { readonly found: false; readonly _id: string };
export type BulkOperation<D> =
  | { readonly index: D; readonly id: string }
  | { readonly create: D; readonly id: string }
  | { readonly delete: string };
export interface BulkResult {
  readonly errors: boolean;
  readonly items: readonly (
    WriteResult | { readonly _id: string; readonly error: { readonly code: SearchErrorCode; readonly reason: string } }
  )[];
}
export interface HighlightField {
  readonly fragment_size?: number;
  readonly number_of_fragments?: number;
}
export interface SearchBody<F extends string = string> {
  readonly query?: Query<F>;
  readonly from?: number;
  readonly size?: number;
  readonly track_total_hits?: boolean;
  readonly _source?: boolean;
  readonly highlight?: {
    readonly fields: Readonly<Partial<Record<F, HighlightField>>>;
    readonly pre_tags?: readonly [string];
    readonly post_tags?: readonly [string];
  };
}
export interface Hit<D> {
  readonly _id: string;
  readonly _score: number | null;
  readonly _source?: D;
  readonly highlight?: Readonly<Record<string, readonly string[]>>;
}
export interface SearchResponse<D> {
  readonly hits: {
    readonly total?: { readonly value: number; readonly relation: 'eq' };
    readonly max_score: number | null;
    readonly hits: readonly Hit<D>[];
  };
}
export interface IndexStats {
  readonly docs: number;
  readonly deleted: number;
  readonly postings: number;
  readonly terms: number;
  readonly segments: readonly { readonly docs: number; readonly deleted: number }[];
}
