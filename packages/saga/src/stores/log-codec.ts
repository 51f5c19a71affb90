/**
 * Facts as log values: one JSON text each, or several parts of one.
 *
 * A part is `P<index>/<count> ` and a piece of the text. JSON never begins with P, so the two cannot be confused. The
 * parts of a fact follow each other; if the log ends, or goes on with something else, before the last part, the
 * append that held them was never acknowledged and they are dropped. Pieces are cut between characters, not inside a
 * surrogate pair, because each piece becomes UTF-8 by itself.
 */
import { SagaError } from '../errors.ts';
import type { Fact } from './facts.ts';

const PART_CHARS = 262_144;
const PART = /^P(\d+)\/(\d+) /;
const OPS: ReadonlySet<unknown> = new Set<Fact['op']>(['create', 'entry', 'claim', 'mail', 'retire', 'prune']);

export function encodeFact(fact: Fact): readonly string[] {
  const text = JSON.stringify(fact);
  if (text.length <= PART_CHARS) return [text];
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + PART_CHARS, text.length);
    if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to--;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces.map((piece, i) => `P${i}/${pieces.length} ${piece}`);
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** Puts parts together again. One reader per log, in order. */
export class FactReader {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private parts: string[] = [];

  /** The fact that ends with this value, or null when more parts must follow. */
  read(offset: number, value: Uint8Array): Fact | null {
    try {
      const text = this.decoder.decode(value);
      const part = PART.exec(text);
      if (part === null) {
        this.parts = [];
        return check(JSON.parse(text));
      }
      const index = Number(part[1]);
      const count = Number(part[2]);
      if (index === 0) this.parts = [];
      if (index !== this.parts.length) throw new Error(`part ${index} after ${this.parts.length} parts`);
      this.parts.push(text.slice(part[0].length));
      if (this.parts.length < count) return null;
      const whole = this.parts.join('');
      this.parts = [];
      return check(JSON.parse(whole));
    } catch (cause) {
      throw new SagaError('SAGA_CORRUPT_JOURNAL', `the log holds no fact of runs at offset ${offset}`, { cause });
    }
  }
}

function check(value: unknown): Fact {
  const op = typeof value === 'object' && value !== null && 'op' in value ? value.op : undefined;
  if (!OPS.has(op)) throw new Error(`unknown op ${String(op)}`);
  return value as Fact;
}
