/**
 * The door: documents in, ranked hits out, all in memory.
 *
 * Idea (Lucene's): writes go to a buffer; a refresh freezes it into an immutable segment; a delete only clears a bit.
 * A search refreshes first, so a program reads its own writes. Invariants: an id has at most one live document; a
 * document is checked before it takes a sequence number; ties rank by order of insertion, because segments are kept
 * in order and only neighbours are merged. A merge replays the stored sources of its segments into one buffer, which
 * drops deleted documents; neighbours merge while the older is less than twice the younger, so there are O(log n)
 * segments and a document is analysed O(log n) times.
 */
import { ANALYZERS, Analyzer, type AnalyzerName, type Token } from '../analysis/analyzer.ts';
import { SearchError, type SearchErrorCode, show } from '../errors.ts';
import { type HighlightOptions, highlight } from '../features/highlight.ts';
import { type Node, type Query, parseQuery } from '../query/parse.ts';
import { type Field, Schema, checkKeys, isObject } from '../schema/mapping.ts';
import type { DocumentOf, FieldPath, Mappings } from '../schema/types.ts';
import { Executor, Statistics } from '../search/execute.ts';
import { TopK } from '../search/top-k.ts';
import { Buffer, type Segment } from '../segment/segment.ts';

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

const LIMITS: Limits = {
  maxResultWindow: 10_000,
  maxClauses: 1024,
  maxDepth: 20,
  maxTerms: 65_536,
  maxQueryChars: 16_384,
  maxDocumentBytes: 16 * 2 ** 20,
};
const ID_BYTES_MAX = 512;

interface Place {
  holder: { readonly live: Uint8Array | number[] };
  doc: number;
  json: string;
  readonly version: number;
  readonly seqNo: number;
}

export class InvertedIndex<M extends Mappings> {
  readonly #schema: Schema;
  readonly #limits: Limits;
  readonly #similarity: { readonly k1: number; readonly b: number };
  readonly #ramBufferBytes: number;
  readonly #onSearch: boolean;
  readonly #places = new Map<string, Place>();
  #segments: readonly Segment[] = [];
  #buffer: Buffer;
  #seqNo = 0;
  #closed = false;

  private constructor(options: IndexOptions<M>) {
    if (!isObject(options)) throw new SearchError('invalid_value', 'expected an object', 'options');
    checkKeys({ ...options }, ['mappings', 'settings', 'ramBufferBytes', 'refresh', 'limits'], 'options');
    this.#schema = new Schema(options.mappings);
    checkKeys({ ...options.settings }, ['similarity'], 'settings');
    checkKeys({ ...options.settings?.similarity }, ['k1', 'b'], 'settings.similarity');
    const { k1 = 0.9, b = 0.4 } = options.settings?.similarity ?? {};
    if (!(k1 > 0 && k1 < Infinity))
      throw new SearchError('invalid_value', `got ${k1}; allowed: above 0`, 'settings.similarity.k1');
    if (!(b >= 0 && b <= 1))
      throw new SearchError('invalid_value', `got ${b}; allowed: 0 to 1`, 'settings.similarity.b');
    this.#similarity = { k1, b };
    this.#ramBufferBytes = options.ramBufferBytes ?? 64 * 2 ** 20;
    if (!(this.#ramBufferBytes > 0))
      throw new SearchError('invalid_value', `got ${this.#ramBufferBytes}; allowed: above 0`, 'ramBufferBytes');
    const refresh: unknown = options.refresh ?? 'on_search';
    if (refresh !== 'on_search' && refresh !== 'manual')
      throw new SearchError('invalid_value', `got ${show(refresh)}; allowed: on_search, manual`, 'refresh');
    this.#onSearch = refresh === 'on_search';
    checkKeys({ ...options.limits }, Object.keys(LIMITS), 'limits');
    this.#limits = { ...LIMITS, ...options.limits };
    for (const [key, value] of Object.entries(this.#limits))
      if (!(value > 0)) throw new SearchError('invalid_value', `got ${show(value)}; allowed: above 0`, `limits.${key}`);
    this.#buffer = new Buffer(this.#schema);
  }

  /** Opens an empty index in memory. Rejects with `SearchError` for a wrong mapping or option. */
  static open<const M extends Mappings>(options: IndexOptions<M>): Promise<InvertedIndex<M>> {
    return attempt(() => new InvertedIndex(options));
  }

  /** Adds a document, replacing the one of the same id; `create` on an existing id is the value `conflict`. */
  index(
    document: DocumentOf<M>,
    options: { readonly id: string; readonly op_type?: 'index' | 'create' },
  ): Promise<WriteResult> {
    return attempt(() => this.#write(options.id, document, options.op_type === 'create'));
  }

  delete(id: string): Promise<WriteResult> {
    return attempt(() => this.#remove(id));
  }

  /** Applies the operations in order; one bad document is one failed item and not a rejection. */
  bulk(operations: Iterable<BulkOperation<DocumentOf<M>>>): Promise<BulkResult> {
    return attempt(() => {
      this.#check();
      let errors = false;
      const items = Array.from(operations, (operation): BulkResult['items'][number] => {
        try {
          if ('delete' in operation) return this.#remove(operation.delete);
          return 'create' in operation
            ? this.#write(operation.id, operation.create, true)
            : this.#write(operation.id, operation.index, false);
        } catch (error) {
          if (!(error instanceof SearchError)) throw error;
          errors = true;
          return {
            _id: 'delete' in operation ? operation.delete : operation.id,
            error: { code: error.code, reason: error.message },
          };
        }
      });
      return { errors, items };
    });
  }

  /** Real time: sees writes that no refresh has made searchable yet. */
  get(id: string): Promise<GetResult<DocumentOf<M>>> {
    return attempt(() => {
      this.#check();
      const place = this.#places.get(id);
      if (place === undefined) return { found: false, _id: id };
      return {
        found: true,
        _id: id,
        _version: place.version,
        _seq_no: place.seqNo,
        _primary_term: 1,
        _source: this.#source(place.json),
      };
    });
  }

  /** A string searches all text fields, weighted; an object is Elasticsearch's search body. Exhaustive: O(matches). */
  search(body: SearchBody<FieldPath<M>> | string): Promise<SearchResponse<DocumentOf<M>>> {
    return attempt(() => {
      this.#check();
      const given: unknown = typeof body === 'string' ? { query: { combined_fields: { query: body } } } : body;
      if (!isObject(given)) throw new SearchError('invalid_value', 'expected a string or an object', 'body');
      checkKeys(given, ['query', 'from', 'size', 'track_total_hits', '_source', 'highlight'], 'body');
      const from = whole(given['from'], 0, 'from');
      const size = whole(given['size'], 10, 'size');
      if (from + size > this.#limits.maxResultWindow)
        throw new SearchError(
          'limit_exceeded',
          `from + size is ${from + size}; allowed: ${this.#limits.maxResultWindow}`,
          'size',
        );
      const track = flag(given['track_total_hits'], 'track_total_hits');
      const withSource = flag(given['_source'], '_source');
      const marker = this.#highlighter(given['highlight']);
      if (this.#onSearch) this.#refresh();
      const node = this.#parse(given['query'] ?? { match_all: {} });
      const best = new TopK(from + size);
      let total = 0;
      let max = -Infinity;
      this.#visit(node, (doc, score) => {
        total += 1;
        max = Math.max(max, score);
        if (from + size > 0) best.offer(doc, score);
      });
      const hits = best
        .ranked()
        .slice(from)
        .map(({ doc, score }): Hit<DocumentOf<M>> => {
          const { id, json } = this.#stored(doc);
          const marked = marker?.(json, node);
          return {
            _id: id,
            _score: score,
            ...(withSource ? { _source: this.#source(json) } : {}),
            ...(marked === undefined ? {} : { highlight: marked }),
          };
        });
      return {
        hits: {
          ...(track ? { total: { value: total, relation: 'eq' as const } } : {}),
          max_score: total > 0 ? max : null,
          hits,
        },
      };
    });
  }

  count(query?: Query<FieldPath<M>>): Promise<number> {
    return attempt(() => {
      this.#check();
      if (this.#onSearch) this.#refresh();
      let total = 0;
      this.#visit(this.#parse(query ?? { match_all: {} }), () => (total += 1));
      return total;
    });
  }

  /** Makes all writes so far searchable. */
  refresh(): Promise<void> {
    return attempt(() => {
      this.#check();
      this.#refresh();
    });
  }

  /** What an analyzer, or the one of a field, makes of a text. */
  analyze(
    request: { readonly text: string } & ({ readonly analyzer: AnalyzerName } | { readonly field: FieldPath<M> }),
  ): readonly Token[] {
    this.#check();
    if ('field' in request) return this.#schema.field(request.field, 'field').analyzer.tokens(request.text);
    if (!ANALYZERS.includes(request.analyzer))
      throw new SearchError(
        'invalid_value',
        `unknown analyzer "${show(request.analyzer)}"; allowed: ${ANALYZERS.join(', ')}`,
        'analyzer',
      );
    return new Analyzer(request.analyzer).tokens(request.text);
  }

  stats(): IndexStats {
    const segments = this.#segments.map(({ size, live }) => ({
      docs: live.reduce((sum, bit) => sum + bit, 0),
      deleted: size - live.reduce((sum, bit) => sum + bit, 0),
    }));
    const lists = this.#segments.flatMap(({ inverted }) => [...inverted.values()]);
    return {
      docs: this.#places.size,
      deleted: segments.reduce((sum, { deleted }) => sum + deleted, 0),
      postings: lists.reduce((sum, { docs }) => sum + docs.length, 0),
      terms: lists.reduce((sum, { terms }) => sum + terms.length, 0),
      segments,
    };
  }

  /** Idempotent; later calls reject with `closed`. */
  close(): Promise<void> {
    this.#closed = true;
    this.#places.clear();
    this.#segments = [];
    this.#buffer = new Buffer(this.#schema);
    return Promise.resolve();
  }

  #check(): void {
    if (this.#closed) throw new SearchError('closed', 'the index is closed');
  }

  #source(json: string): DocumentOf<M> {
    return JSON.parse(json) as DocumentOf<M>;
  }

  #write(id: string, document: unknown, create: boolean): WriteResult {
    this.#check();
    if (typeof id !== 'string' || id === '' || new TextEncoder().encode(id).length > ID_BYTES_MAX)
      throw new SearchError('invalid_document', `an id is a string of 1 to ${ID_BYTES_MAX} bytes`, '_id');
    const old = this.#places.get(id);
    if (create && old !== undefined)
      return { _id: id, _version: old.version, _seq_no: old.seqNo, _primary_term: 1, result: 'conflict' };
    const values = this.#schema.values(document);
    const json = JSON.stringify(document);
    if (json.length > this.#limits.maxDocumentBytes)
      throw new SearchError(
        'limit_exceeded',
        `a document of more than ${this.#limits.maxDocumentBytes} bytes`,
        '_source',
      );
    if (old !== undefined) old.holder.live[old.doc] = 0;
    const doc = this.#buffer.add({ id, json }, values);
    const place: Place = { holder: this.#buffer, doc, json, version: (old?.version ?? 0) + 1, seqNo: this.#seqNo };
    this.#seqNo += 1;
    this.#places.set(id, place);
    if (this.#buffer.bytes >= this.#ramBufferBytes) this.#refresh();
    return {
      _id: id,
      _version: place.version,
      _seq_no: place.seqNo,
      _primary_term: 1,
      result: old === undefined ? 'created' : 'updated',
    };
  }

  #remove(id: string): WriteResult {
    this.#check();
    const place = this.#places.get(id);
    const seqNo = this.#seqNo;
    this.#seqNo += 1;
    if (place === undefined) return { _id: id, _version: 1, _seq_no: seqNo, _primary_term: 1, result: 'not_found' };
    place.holder.live[place.doc] = 0;
    this.#places.delete(id);
    return { _id: id, _version: place.version + 1, _seq_no: seqNo, _primary_term: 1, result: 'deleted' };
  }

  #refresh(): void {
    if (this.#buffer.stored.length === 0) return;
    const segments = [...this.#segments, this.#adopt(this.#buffer)];
    this.#buffer = new Buffer(this.#schema);
    for (let n = segments.length; n > 1; n = segments.length) {
      const [older, younger] = segments.slice(-2);
      if (older === undefined || younger === undefined || older.size >= 2 * younger.size) break;
      const merged = new Buffer(this.#schema);
      for (const part of [older, younger]) {
        part.stored.forEach(
          (stored, doc) => part.live[doc] === 1 && merged.add(stored, this.#schema.values(JSON.parse(stored.json))),
        );
      }
      segments.splice(-2, 2, this.#adopt(merged));
    }
    this.#segments = segments;
  }

  /** Freezes a buffer and points the ids of its live documents at the segment. */
  #adopt(buffer: Buffer): Segment {
    const segment = buffer.freeze();
    segment.stored.forEach(({ id }, doc) => {
      const place = segment.live[doc] === 1 ? this.#places.get(id) : undefined;
      if (place === undefined) return;
      place.holder = segment;
      place.doc = doc;
    });
    return segment;
  }

  #stored(global: number): { readonly id: string; readonly json: string } {
    let doc = global;
    for (const { size, stored } of this.#segments) {
      const found = stored[doc];
      if (found !== undefined) return found;
      doc -= size;
    }
    throw new SearchError('invalid_value', `no document ${global}`);
  }

  #parse(query: unknown): Node {
    const statistics = new Statistics(this.#segments, this.#similarity);
    const texts = [...this.#schema.fields.values()].filter((field) => field.type === 'text' && !field.multi);
    const longest = Math.max(0, ...texts.map((field) => statistics.averageLength(field.name)));
    const weight = (field: Field): number => {
      const average = statistics.averageLength(field.name);
      return (
        field.weight ?? (average > 0 ? Math.max(1, Math.round(4 * Math.min(5, Math.sqrt(longest / average))) / 4) : 1)
      );
    };
    return parseQuery(query, { schema: this.#schema, limits: this.#limits, weight });
  }

  #visit(node: Node, each: (doc: number, score: number) => void): void {
    const executor = new Executor(
      new Statistics(this.#segments, this.#similarity),
      (field) => this.#schema.fields.get(field)?.type === 'text',
    );
    let base = 0;
    for (const segment of this.#segments) {
      const { docs, scores } = executor.run(node, segment);
      for (let i = 0; i < docs.length; i += 1) {
        const doc = docs[i] ?? 0;
        if (segment.live[doc] === 1) each(base + doc, Math.fround(scores[i] ?? 0));
      }
      base += segment.size;
    }
  }

  #highlighter(
    given: unknown,
  ): ((json: string, node: Node) => Readonly<Record<string, readonly string[]>>) | undefined {
    if (given === undefined) return undefined;
    if (!isObject(given) || !isObject(given['fields']))
      throw new SearchError('invalid_value', 'expected { fields: {...} }', 'highlight');
    checkKeys(given, ['fields', 'pre_tags', 'post_tags'], 'highlight');
    const tag = (key: string, fallback: string): string => {
      const list = given[key] ?? [fallback];
      const first: unknown = Array.isArray(list) ? list[0] : undefined;
      if (typeof first !== 'string')
        throw new SearchError('invalid_value', 'expected an array of one string', `highlight.${key}`);
      return first;
    };
    const [preTag, postTag] = [tag('pre_tags', '<em>'), tag('post_tags', '</em>')];
    const wanted = Object.entries(given['fields']).map(([name, spec]): readonly [Field, HighlightOptions] => {
      const path = `highlight.fields.${name}`;
      const field = this.#schema.field(name, path);
      if (field.type !== 'text' && field.type !== 'keyword')
        throw new SearchError('wrong_field_type', `"${name}" is ${field.type}; needed: text or keyword`, path);
      if (!isObject(spec)) throw new SearchError('invalid_value', 'expected an object', path);
      checkKeys(spec, ['fragment_size', 'number_of_fragments'], path);
      return [
        field,
        {
          preTag,
          postTag,
          fragmentSize: whole(spec['fragment_size'], 100, `${path}.fragment_size`),
          fragments: whole(spec['number_of_fragments'], 5, `${path}.number_of_fragments`),
        },
      ];
    });
    return (json, node) => {
      const values = this.#schema.values(JSON.parse(json));
      const out: [string, readonly string[]][] = [];
      for (const [field, options] of wanted) {
        const texts = values.filter((value) => value.field === field).flatMap(({ strings }) => strings);
        const fragments = texts.flatMap((text) =>
          highlight(text, field.analyzer.tokens(text), node, field.name, options),
        );
        if (fragments.length > 0)
          out.push([field.name, options.fragments > 0 ? fragments.slice(0, options.fragments) : fragments]);
      }
      return Object.fromEntries(out);
    };
  }
}

/** Runs `f` now and gives its result, or what it threw, as a promise. */
function attempt<T>(f: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(f());
  });
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
