/**
 * The query JSON as a type: Elasticsearch's query DSL, the part that is understood here, over the fields F.
 * Only types live here; `parse.ts` checks what JavaScript callers and network bodies really send.
 */
type Simple = string | number | boolean;
/** One key each, as in Elasticsearch. */
export type Query<F extends string = string> =
  | { readonly match_all: { readonly boost?: number } }
  | { readonly match_none: Readonly<Record<string, never>> }
  | {
      readonly match: Readonly<
        Partial<
          Record<
            F,
            | Simple
            | {
                readonly query: Simple;
                readonly operator?: 'or' | 'and';
                readonly minimum_should_match?: number | string;
                readonly boost?: number;
              }
          >
        >
      >;
    }
  | {
      readonly match_phrase: Readonly<
        Partial<Record<F, string | { readonly query: string; readonly slop?: number; readonly boost?: number }>>
      >;
    }
  | {
      readonly combined_fields: {
        readonly query: string;
        readonly fields?: readonly string[];
        readonly operator?: 'or' | 'and';
        readonly minimum_should_match?: number | string;
        readonly boost?: number;
      };
    }
  | { readonly term: Readonly<Partial<Record<F, Simple | { readonly value: Simple; readonly boost?: number }>>> }
  | { readonly terms: Readonly<Partial<Record<F, readonly Simple[]>>> }
  | { readonly prefix: Readonly<Partial<Record<F, string | { readonly value: string; readonly boost?: number }>>> }
  | {
      readonly range: Readonly<
        Partial<
          Record<
            F,
            {
              readonly gt?: number | string;
              readonly gte?: number | string;
              readonly lt?: number | string;
              readonly lte?: number | string;
              readonly boost?: number;
            }
          >
        >
      >;
    }
  | {
      readonly bool: {
        readonly must?: Clauses<F>;
        readonly should?: Clauses<F>;
        readonly filter?: Clauses<F>;
        readonly must_not?: Clauses<F>;
        readonly minimum_should_match?: number | string;
        readonly boost?: number;
      };
    };
type Clauses<F extends string> = Query<F> | readonly Query<F>[];
