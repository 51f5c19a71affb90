/**
 * The tree a query becomes: what is left when the ways of writing it are gone.
 *
 * Every full-text query is groups of terms, phrases and booleans over them, and every filter is a set of terms or a
 * range. A group is ONE word with its places: one cursor per field, whose evidence is summed before it saturates.
 * Boosts are multiplied down to the leaves, so a boolean has none. Execution and highlighting read this and no JSON.
 */
export interface Cursor {
  readonly field: string;
  readonly term: string;
  readonly weight: number;
}
export type Node =
  | { readonly kind: 'all'; readonly boost: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'group'; readonly cursors: readonly Cursor[]; readonly boost: number }
  | {
      readonly kind: 'phrase';
      readonly field: string;
      readonly terms: readonly string[];
      readonly offsets: readonly number[];
      readonly slop: number;
      readonly boost: number;
    }
  | {
      readonly kind: 'terms';
      readonly field: string;
      readonly terms: readonly string[];
      readonly prefix: boolean;
      readonly boost: number;
    }
  | {
      readonly kind: 'range';
      readonly field: string;
      readonly accepts: (value: number) => boolean;
      readonly boost: number;
    }
  | {
      readonly kind: 'bool';
      readonly must: readonly Node[];
      readonly should: readonly Node[];
      readonly filter: readonly Node[];
      readonly mustNot: readonly Node[];
      readonly shouldMin: number;
    };
