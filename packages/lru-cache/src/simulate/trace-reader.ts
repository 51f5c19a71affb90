/**
 * Reads a trace from text: one request a line, the key in one of its columns.
 *
 * Text comes in pieces of any length, so that a file larger than memory's string limit can be read; a line may be cut
 * anywhere. Keys become dense ids in order of first appearance, which is all that a policy can tell of them. Empty lines
 * and lines that begin with '#' are no requests. Cost: 4 bytes a request, and each distinct key once as a string.
 */
import type { Trace } from './replay.ts';

export interface TraceFormat {
  /** Which column holds the key, counted from 1; undefined: the whole line is the key. */
  readonly column?: number;
  /** What separates columns; undefined: any run of spaces or tabs. */
  readonly separator?: string;
}

/** A line has no such column. `line` counts from 1. */
export class TraceFormatError extends Error {
  override readonly name = 'TraceFormatError';
  readonly code = 'TRACE_FORMAT';
  readonly line: number;
  constructor(line: number, column: number, columns: number) {
    super(`line ${String(line)} has ${String(columns)} columns; the key is looked for in column ${String(column)}`);
    this.line = line;
  }
}

export class TraceReader {
  private readonly format: TraceFormat;
  private readonly idOf = new Map<string, number>();
  private ids = new Uint32Array(1024);
  private requests = 0;
  private lines = 0;
  private rest = '';

  /** Throws RangeError when `column` is no positive integer, TypeError when `separator` is empty. */
  constructor(format: TraceFormat = {}) {
    const { column, separator } = format;
    if (column !== undefined && !(Number.isInteger(column) && column >= 1)) {
      throw new RangeError(`column must be an integer of at least 1; got ${String(column)}`);
    }
    if (separator === '') throw new TypeError('separator must not be empty');
    this.format = format;
  }

  /** Takes the next piece of text. Throws TraceFormatError. */
  write(piece: string): void {
    const lines = (this.rest + piece).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.request(line);
  }

  /** The trace of all that was written. Throws TraceFormatError. */
  end(name: string): Trace {
    this.request(this.rest);
    this.rest = '';
    return { name, ids: this.ids.slice(0, this.requests), unique: this.idOf.size };
  }

  private request(line: string): void {
    this.lines++;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '' || text.startsWith('#')) return;
    const key = this.keyOf(text);
    let id = this.idOf.get(key);
    if (id === undefined) this.idOf.set(key, (id = this.idOf.size));
    if (this.requests === this.ids.length) {
      const wide = new Uint32Array(2 * this.requests);
      wide.set(this.ids);
      this.ids = wide;
    }
    this.ids[this.requests++] = id;
  }

  private keyOf(line: string): string {
    const { column, separator } = this.format;
    if (column === undefined) return line;
    const columns = separator === undefined ? line.trim().split(/[ \t]+/) : line.split(separator);
    const key = columns[column - 1];
    if (key === undefined) throw new TraceFormatError(this.lines, column, columns.length);
    return key;
  }
}
