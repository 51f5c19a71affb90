/**
 * Structured Fields (RFC 9651, before it RFC 8941), as far as caching speaks them.
 *
 * `CDN-Cache-Control` is a Dictionary, and unlike `Cache-Control` it is parsed strictly: one error and the whole field
 * counts as absent. `Cache-Status` is a List of which we write one member. An item is one sticky regular expression
 * whose alternatives start with different characters, so parsing is linear and a hostile field costs no more than its
 * length. Parameters are checked and dropped; an inner list becomes `true`, as no directive takes one.
 */
import type { CacheControl } from './types.ts';

const KEY = /[a-z*][a-z0-9_.*-]*/y;
/** Integer, decimal or date; string; token; bytes; boolean; display string. */
const ITEM =
  /(-?\d{1,15}(?![\d.]))|"((?:[ !#-[\]-~]|\\["\\])*)"|([A-Za-z*][\w!#$%&'*+.^`|~:/-]*)|\?([01])|(-?\d{1,12}\.\d{1,3}(?!\d)|:[A-Za-z0-9+/=]*:|@-?\d{1,15}(?![\d.])|%"(?:[ !#$&-~]|%[0-9a-f]{2})*")/y;

/** A text, and how far it has been read. */
interface Scanner {
  readonly text: string;
  at: number;
}

const ended = (scanner: Scanner): boolean => scanner.at >= scanner.text.length;

/** What a sticky pattern matches here, and past it; undefined when it does not match. */
function take(scanner: Scanner, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = scanner.at;
  const match = pattern.exec(scanner.text);
  if (match === null) return undefined;
  scanner.at = pattern.lastIndex;
  return match;
}

/** `;key` or `;key=item`, any number. False on an error. */
function parameters(scanner: Scanner): boolean {
  while (take(scanner, /; */y) !== undefined) {
    if (take(scanner, KEY) === undefined) return false;
    if (take(scanner, /=/y) !== undefined && take(scanner, ITEM) === undefined) return false;
  }
  return true;
}

/** The value after `=`: an item or an inner list. Undefined on an error, false for the boolean false. */
function valueAt(scanner: Scanner): number | string | boolean | undefined {
  if (take(scanner, /\( */y) === undefined) return valueOf(take(scanner, ITEM));
  while (take(scanner, /\)/y) === undefined) {
    if (take(scanner, ITEM) === undefined || !parameters(scanner) || take(scanner, / +|(?=\))/y) === undefined) {
      return undefined;
    }
  }
  return true;
}

function valueOf(match: RegExpExecArray | undefined): number | string | boolean | undefined {
  if (match === undefined) return undefined;
  const [all, integer, text, , bool] = match;
  if (integer !== undefined) return Number(integer);
  if (bool !== undefined) return bool === '1';
  // A decimal stays text: a directive counted in seconds takes an integer and nothing else.
  return text === undefined ? all : text.replace(/\\(.)/g, '$1');
}

/**
 * A Dictionary as directives; undefined when it is malformed or empty, which RFC 9213 treats alike. Of equal keys the
 * last counts; a member that is false is as if absent. O(length), never throws.
 */
export function parseDictionary(text: string): CacheControl | undefined {
  const scanner: Scanner = { text, at: 0 };
  const members = new Map<string, number | string | true>();
  let seen = 0;
  take(scanner, / */y);
  while (!ended(scanner)) {
    if (seen++ > 0 && (take(scanner, /,[ \t]*/y) === undefined || ended(scanner))) return undefined;
    const key = take(scanner, KEY);
    if (key === undefined) return undefined;
    const value = take(scanner, /=/y) === undefined ? true : valueAt(scanner);
    if (value === undefined || !parameters(scanner)) return undefined;
    members.delete(key[0]);
    if (value !== false) members.set(key[0], value);
    take(scanner, /[ \t]*/y);
  }
  return seen === 0 ? undefined : dictionary(members);
}

/** A record without a prototype, so that a directive named like a method of objects is only a name. */
export function dictionary(members: ReadonlyMap<string, number | string | true>): CacheControl {
  return Object.assign(Object.create(null) as Record<string, number | string | true>, Object.fromEntries(members));
}

/** A String; what it cannot hold becomes "?". */
export function serializeString(text: string): string {
  return `"${text.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

/** A Token when the text is one, else a String. */
export function serializeTokenOrString(text: string): string {
  return /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/.test(text) ? text : serializeString(text);
}
