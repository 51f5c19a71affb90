/**
 * The schema at work: mappings -> a flat list of fields, and document -> the values of each field.
 *
 * Idea: objects and multi-fields exist only in JSON; below this file there are dotted names. A multi-field reads the
 * same place of the document as its parent. Invariant: a document is checked whole before anything is stored, so a
 * rejected document leaves no trace. Names come from users: every table is a Map, so `__proto__` is an ordinary name.
 */
import { ANALYZERS, Analyzer } from '../analysis/analyzer.ts';
import { SearchError, show } from '../errors.ts';
import type { FieldMapping, Mappings, Properties } from './types.ts';

export interface Field {
  readonly name: string;
  readonly type: 'text' | 'keyword' | 'long' | 'integer' | 'double' | 'date' | 'boolean';
  readonly analyzer: Analyzer;
  readonly weight: number | undefined;
  readonly multi: boolean;
}
export interface FieldValues {
  readonly field: Field;
  readonly strings: readonly string[];
  readonly numbers: readonly number[];
}
interface Node {
  readonly fields: readonly Field[];
  readonly children: ReadonlyMap<string, Node> | undefined;
}

const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['text', ['type', 'analyzer', 'weight', 'fields']],
  ['keyword', ['type', 'fields']],
  ['object', ['type', 'properties']],
  ...['long', 'integer', 'double', 'date', 'boolean'].map((type): [string, string[]] => [type, ['type']]),
]);
const DEPTH_MAX = 20;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws `unknown_key` for the first key of `value` that is not allowed. */
export function checkKeys(value: Readonly<Record<string, unknown>>, allowed: readonly string[], path: string): void {
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key))
      throw new SearchError('unknown_key', `unknown key "${key}"; allowed: ${allowed.join(', ')}`, path);
  }
}

/** An ISO 8601 date as epoch milliseconds; without a zone it is UTC, whatever the machine's zone is. */
function epochMs(text: string): number {
  const match = /^[+-]?\d{4,6}(?:-\d\d(?:-\d\d(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(text);
  if (match === null) return NaN;
  return Date.parse(match[1] !== undefined && match[2] === undefined ? `${text}Z` : text);
}

function numberOf(type: Field['type'], value: unknown): number | undefined {
  if (type === 'boolean') return typeof value === 'boolean' ? Number(value) : undefined;
  const n = type === 'date' && typeof value === 'string' ? epochMs(value) : value;
  if (typeof n !== 'number' || !Number.isFinite(n)) return undefined;
  if (type === 'long' && !Number.isSafeInteger(n)) return undefined;
  if (type === 'integer' && n !== (n | 0)) return undefined;
  return n;
}

/** The shape of one mapping, be it of a property or of a multi-field: its name, its type, the keys of that type. */
function checkMapping(key: string, mapping: unknown, at: string): void {
  if (!isObject(mapping)) throw new SearchError('invalid_value', 'expected an object', at);
  if (key === '' || key.includes('.'))
    throw new SearchError('invalid_value', 'a field name is not empty and has no dot', at);
  const type = mapping['type'] ?? 'object';
  const allowed = typeof type === 'string' ? KEYS.get(type) : undefined;
  if (allowed === undefined)
    throw new SearchError(
      'invalid_value',
      `unknown type "${show(type)}"; allowed: ${[...KEYS.keys()].join(', ')}`,
      `${at}.type`,
    );
  checkKeys(mapping, allowed, at);
}

export class Schema {
  readonly fields: Map<string, Field> = new Map<string, Field>();
  readonly #root: ReadonlyMap<string, Node>;
  readonly #strict: boolean;

  constructor(mappings: Mappings) {
    if (!isObject(mappings) || !isObject(mappings.properties))
      throw new SearchError('invalid_value', 'expected { properties: {...} }', 'mappings');
    checkKeys({ ...mappings }, ['properties', 'dynamic'], 'mappings');
    const dynamic: unknown = mappings.dynamic;
    if (dynamic !== undefined && dynamic !== 'strict' && dynamic !== false) {
      throw new SearchError('invalid_value', `got ${show(dynamic)}; allowed: 'strict', false`, 'mappings.dynamic');
    }
    this.#strict = dynamic !== false;
    this.#root = this.#nodes(mappings.properties, '', 'mappings.properties', 0);
  }

  #nodes(properties: Properties, prefix: string, path: string, depth: number): ReadonlyMap<string, Node> {
    if (depth > DEPTH_MAX) throw new SearchError('limit_exceeded', `nested deeper than ${DEPTH_MAX}`, path);
    const nodes = new Map<string, Node>();
    for (const [key, mapping] of Object.entries(properties)) {
      const at = `${path}.${key}`;
      checkMapping(key, mapping, at);
      const name = prefix + key;
      if ('properties' in mapping) {
        if (!isObject(mapping.properties))
          throw new SearchError('invalid_value', 'expected an object', `${at}.properties`);
        nodes.set(key, {
          fields: [],
          children: this.#nodes(mapping.properties, `${name}.`, `${at}.properties`, depth + 1),
        });
      } else {
        nodes.set(key, { fields: this.#leaf(name, mapping, at, false, depth), children: undefined });
      }
    }
    return nodes;
  }

  #leaf(name: string, mapping: FieldMapping, at: string, multi: boolean, depth: number): readonly Field[] {
    if (depth > DEPTH_MAX) throw new SearchError('limit_exceeded', `nested deeper than ${DEPTH_MAX}`, at);
    if (mapping.type === undefined || mapping.type === 'object')
      throw new SearchError('invalid_value', 'an object needs properties and cannot be a multi-field', at);
    const analyzer = mapping.type === 'text' ? (mapping.analyzer ?? 'default') : 'keyword';
    if (!ANALYZERS.includes(analyzer))
      throw new SearchError(
        'invalid_value',
        `unknown analyzer "${show(analyzer)}"; allowed: ${ANALYZERS.join(', ')}`,
        `${at}.analyzer`,
      );
    const weight = mapping.type === 'text' ? mapping.weight : undefined;
    if (weight !== undefined && !(weight >= 1 && weight <= 100))
      throw new SearchError('invalid_value', `got ${weight}; allowed: 1 to 100`, `${at}.weight`);
    const field: Field = { name, type: mapping.type, analyzer: new Analyzer(analyzer), weight, multi };
    this.fields.set(name, field);
    const fields = [field];
    if ('fields' in mapping) {
      if (!isObject(mapping.fields)) throw new SearchError('invalid_value', 'expected an object', `${at}.fields`);
      for (const [key, sub] of Object.entries(mapping.fields)) {
        const subAt = `${at}.fields.${key}`;
        checkMapping(key, sub, subAt);
        fields.push(...this.#leaf(`${name}.${key}`, sub, subAt, true, depth + 1));
      }
    }
    return fields;
  }

  /** The field called `name`; throws `unknown_field` with the names there are. */
  field(name: string, path: string): Field {
    const field = this.fields.get(name);
    if (field === undefined)
      throw new SearchError('unknown_field', `no field "${name}"; fields: ${[...this.fields.keys()].join(', ')}`, path);
    return field;
  }

  /** The values of every field of a document. Throws `invalid_document`. */
  values(document: unknown): readonly FieldValues[] {
    const out: FieldValues[] = [];
    this.#walk(document, this.#root, '', out);
    return out;
  }

  #walk(value: unknown, nodes: ReadonlyMap<string, Node>, prefix: string, out: FieldValues[]): void {
    if (!isObject(value)) throw new SearchError('invalid_document', 'expected an object', prefix || 'document');
    // its JSON would not be what is indexed here
    if (typeof value['toJSON'] === 'function')
      throw new SearchError('invalid_document', 'expected a plain object, without toJSON', prefix || 'document');
    for (const [key, child] of Object.entries(value)) {
      const node = nodes.get(key);
      const path = prefix + key;
      if (node === undefined) {
        if (this.#strict)
          throw new SearchError('invalid_document', `field is not in the mappings (dynamic: 'strict')`, path);
        continue;
      }
      if (child === null || child === undefined) continue;
      if (node.children !== undefined) this.#walk(child, node.children, `${path}.`, out);
      const list: readonly unknown[] = Array.isArray(child) ? child : [child];
      for (const field of node.fields) out.push(read(field, list, path));
    }
  }
}

function read(field: Field, list: readonly unknown[], path: string): FieldValues {
  const strings: string[] = [];
  const numbers: number[] = [];
  for (const item of list) {
    if (item === null) continue;
    if (field.type === 'text' || field.type === 'keyword') {
      if (typeof item !== 'string')
        throw new SearchError('invalid_document', `expected a string for type ${field.type}`, path);
      strings.push(item);
    } else {
      const n = numberOf(field.type, item);
      if (n === undefined) throw new SearchError('invalid_document', `not a ${field.type}: ${show(item)}`, path);
      numbers.push(n);
    }
  }
  return { field, strings, numbers };
}

/** A number as a query gives it, in the column's unit; throws `invalid_value`. */
export function queryNumber(field: Field, value: unknown, path: string): number {
  const n = numberOf(field.type === 'long' || field.type === 'integer' ? 'double' : field.type, value);
  if (n === undefined) throw new SearchError('invalid_value', `not a ${field.type}: ${show(value)}`, path);
  return n;
}
