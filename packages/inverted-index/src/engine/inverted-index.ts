/**
 * The door: documents in, ranked hits out, all in memory.
 *
 * Idea (Lucene's): writes go to a buffer; a refresh freezes it into an immutable segment; a delete only clears a bit.
 * A search refreshes first, so a program reads its own writes. Invariants: an id has at most one live document; a
 * document is checked before it takes a sequence number; ties rank by order of insertion, because segments are kept
 * in order and only neighbours are merged; a document that was replaced counts as inserted again. Neighbours merge while
 * the older is less than twice the younger, so there are O(log n) segments and a posting is copied O(log n) times; a
 * segment of which more than a third is deleted is written anew, so memory follows the live documents.
 */
import { ANALYZERS, Analyzer, type AnalyzerName, type Token } from '../analysis/analyzer.ts';
import { SearchError, show } from '../errors.ts';
import type { Node } from '../query/node.ts';
import { parseQuery } from '../query/parse.ts';
import type { Query } from '../query/query.ts';
import { type Field, isObject } from '../schema/mapping.ts';
import type { DocumentOf, FieldPath, Mappings } from '../schema/types.ts';
import { Executor } from '../search/execute.ts';
import { Statistics } from '../search/statistics.ts';
import { TopK } from '../search/top-k.ts';
import { merge } from '../segment/merge.ts';
import { Buffer, type Segment, clear } from '../segment/segment.ts';
import { searchRequest } from './search-request.ts';
import { type Settings, settingsOf } from './settings.ts';
import type {
  BulkOperation,
  BulkResult,
  GetResult,
  Hit,
  IndexOptions,
  IndexStats,
  SearchBody,
  SearchResponse,
  WriteResult,
} from './types.ts';

const ID_BYTES_MAX = 512;
/** A segment is written anew when more than this part of it is deleted. */
const DELETED_PART_MAX = 1 / 3;

interface Place {
  holder: { readonly live: Uint8Array | number[]; deleted: number };
  doc: number;
  json: string;
  readonly version: number;
  readonly seqNo: number;
}

export class InvertedIndex<M extends Mappings> {
  readonly #settings: Settings;
  readonly #places = new Map<string, Place>();
  #segments: readonly Segment[] = [];
  /** Of these segments; deletions do not change it. */
  #statistics: Statistics;
  #buffer: Buffer;
  /** Something was written or deleted since the last refresh. */
  #dirty = false;
  #seqNo = 0;
  #closed = false;

  private constructor(options: IndexOptions<M>) {
    this.#settings = settingsOf(options);
    this.#buffer = new Buffer(this.#settings.schema);
    this.#statistics = new Statistics(this.#segments, this.#settings.similarity);
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
    return attempt(() => {
      const type: unknown = options.op_type ?? 'index';
      if (type !== 'index' && type !== 'create')
        throw new SearchError('invalid_value', `got ${show(type)}; allowed: index, create`, 'op_type');
      return this.#write(options.id, document, type === 'create');
    });
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
          if (!isObject(operation))
            throw new SearchError('invalid_value', 'expected { index, id }, { create, id } or { delete }', 'operation');
          if ('delete' in operation) return this.#remove(operation.delete);
          return 'create' in operation
            ? this.#write(operation.id, operation.create, true)
            : this.#write(operation.id, operation.index, false);
        } catch (error) {
          if (!(error instanceof SearchError)) throw error;
          errors = true;
          return {
            _id: !isObject(operation) ? '' : 'delete' in operation ? operation.delete : operation.id,
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
      const { schema, limits, onSearch } = this.#settings;
      const { query, from, size, trackTotal, withSource, marker } = searchRequest(body, schema, limits);
      if (onSearch) this.#refresh();
      const node = this.#parse(query);
      const best = new TopK(from + size);
      let total = 0;
      let max = -Infinity;
      this.#visit(node, (doc, score) => {
        total += 1;
        if (score > max) max = score;
        best.offer(doc, score);
      });
      const hits = best
        .ranked()
        .slice(from)
        .map(({ doc, score }): Hit<DocumentOf<M>> => {
          const { id, json } = this.#stored(doc);
          return {
            _id: id,
            _score: score,
            ...(withSource ? { _source: this.#source(json) } : {}),
            ...(marker === undefined ? {} : { highlight: marker(json, node) }),
          };
        });
      return {
        hits: {
          ...(trackTotal ? { total: { value: total, relation: 'eq' as const } } : {}),
          max_score: total > 0 ? max : null,
          hits,
        },
      };
    });
  }

  count(query?: Query<FieldPath<M>>): Promise<number> {
    return attempt(() => {
      this.#check();
      if (this.#settings.onSearch) this.#refresh();
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
    if ('field' in request) return this.#settings.schema.field(request.field, 'field').analyzer.tokens(request.text);
    if (!ANALYZERS.includes(request.analyzer))
      throw new SearchError(
        'invalid_value',
        `unknown analyzer "${show(request.analyzer)}"; allowed: ${ANALYZERS.join(', ')}`,
        'analyzer',
      );
    return new Analyzer(request.analyzer).tokens(request.text);
  }

  stats(): IndexStats {
    const segments = this.#segments.map(({ size, deleted }) => ({ docs: size - deleted, deleted }));
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
    this.#statistics = new Statistics(this.#segments, this.#settings.similarity);
    this.#buffer = new Buffer(this.#settings.schema);
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
    if (typeof id !== 'string' || id === '' || /\p{Cs}/u.test(id) || utf8Length(id) > ID_BYTES_MAX)
      throw new SearchError('invalid_document', `an id is a well-formed string of 1 to ${ID_BYTES_MAX} bytes`, '_id');
    const old = this.#places.get(id);
    if (create && old !== undefined)
      return { _id: id, _version: old.version, _seq_no: old.seqNo, _primary_term: 1, result: 'conflict' };
    const { schema, limits, ramBufferBytes } = this.#settings;
    const values = schema.values(document);
    const json = toJson(document);
    if (json.length > limits.maxDocumentBytes)
      throw new SearchError('limit_exceeded', `a document of more than ${limits.maxDocumentBytes} bytes`, '_source');
    if (old !== undefined) clear(old.holder, old.doc);
    this.#dirty = true;
    const doc = this.#buffer.add({ id, json }, values);
    const place: Place = { holder: this.#buffer, doc, json, version: (old?.version ?? 0) + 1, seqNo: this.#seqNo };
    this.#seqNo += 1;
    this.#places.set(id, place);
    if (this.#buffer.bytes >= ramBufferBytes) this.#refresh();
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
    clear(place.holder, place.doc);
    this.#dirty = true;
    this.#places.delete(id);
    return { _id: id, _version: place.version + 1, _seq_no: seqNo, _primary_term: 1, result: 'deleted' };
  }

  #refresh(): void {
    if (!this.#dirty) return;
    const segments: Segment[] = [];
    for (const segment of this.#segments)
      if (segment.deleted <= segment.size * DELETED_PART_MAX) segments.push(segment);
      else if (segment.deleted < segment.size) segments.push(this.#adopt(merge([segment])));
    const fresh = this.#buffer.freeze();
    this.#buffer = new Buffer(this.#settings.schema);
    if (fresh.deleted < fresh.size) segments.push(this.#adopt(fresh.deleted > 0 ? merge([fresh]) : fresh));
    for (let n = segments.length; n > 1; n = segments.length) {
      const [older, younger] = segments.slice(-2);
      if (older === undefined || younger === undefined || older.size >= 2 * younger.size) break;
      segments.splice(-2, 2, this.#adopt(merge([older, younger])));
    }
    this.#segments = segments;
    this.#statistics = new Statistics(segments, this.#settings.similarity);
    this.#dirty = false;
  }

  /** Points the ids of its live documents at a segment. */
  #adopt(segment: Segment): Segment {
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
    const statistics = this.#statistics;
    const texts = [...this.#settings.schema.fields.values()].filter((field) => field.type === 'text' && !field.multi);
    const longest = Math.max(0, ...texts.map((field) => statistics.averageLength(field.name)));
    const weight = (field: Field): number => {
      const average = statistics.averageLength(field.name);
      return (
        field.weight ?? (average > 0 ? Math.max(1, Math.round(4 * Math.min(5, Math.sqrt(longest / average))) / 4) : 1)
      );
    };
    return parseQuery(query, { schema: this.#settings.schema, limits: this.#settings.limits, weight });
  }

  #visit(node: Node, each: (doc: number, score: number) => void): void {
    const executor = new Executor(
      this.#statistics,
      (field) => this.#settings.schema.fields.get(field)?.type === 'text',
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
}

/** Runs `f` now and gives its result, or what it threw, as a promise. */
function attempt<T>(f: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(f());
  });
}

/** The source as it is kept. What has no JSON (a bigint, a cycle, endless nesting) is no document. */
function toJson(document: unknown): string {
  try {
    return JSON.stringify(document);
  } catch (error) {
    throw new SearchError('invalid_document', error instanceof Error ? error.message : 'has no JSON', 'document');
  }
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (const character of text) if (character > '\u007f') bytes += character > '\u07ff' ? 2 : 1;
  return bytes;
}
