/** Full-text search in one process: exports only. */
export { InvertedIndex } from './engine/inverted-index.ts';
export type {
  BulkOperation,
  BulkResult,
  GetResult,
  Hit,
  IndexOptions,
  IndexStats,
  Limits,
  SearchBody,
  SearchResponse,
  WriteResult,
} from './engine/types.ts';
export { SearchError } from './errors.ts';
export type { SearchErrorCode } from './errors.ts';
export type { Token } from './analysis/analyzer.ts';
export type { Query } from './query/query.ts';
export type { DocumentOf, FieldMapping, FieldPath, Mappings, Properties } from './schema/types.ts';
