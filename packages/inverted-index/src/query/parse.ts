/**
 * Query JSON -> the tree of `node.ts`. Nothing below this file sees JSON.
 *
 * Idea: a query kind is only a way of writing groups, phrases, term sets and ranges. Invariant: a body is accepted whole or refused with the
 * path of its first mistake, before any posting is read; unknown keys are mistakes, never ignored.
 * Source: the query DSL of Elasticsearch, whose keys and defaults are kept.
 */
import { SearchError, show } from '../errors.ts';
import type { Node } from './node.ts';
import { type Field, type Schema, checkKeys, isObject, queryNumber } from '../schema/mapping.ts';

export interface QueryLimits {
  readonly maxClauses: number;
  readonly maxDepth: number;
  readonly maxTerms: number;
  readonly maxQueryChars: number;
}
export interface ParseContext {
  readonly schema: Schema;
  readonly limits: QueryLimits;
  /** Weight of a field that has none of its own. */
  readonly weight: (field: Field) => number;
}

const KINDS = [
  'match_all',
  'match_none',
  'match',
  'match_phrase',
  'combined_fields',
  'term',
  'terms',
  'prefix',
  'range',
  'bool',
];

export function parseQuery(query: unknown, context: ParseContext, path = 'query'): Node {
  let clauses = 0;
  const { schema, limits } = context;

  const clause = (node: Node, at: string): Node => {
    clauses += 1;
    if (clauses > limits.maxClauses)
      throw new SearchError('limit_exceeded', `more than ${limits.maxClauses} clauses`, at);
    return node;
  };
  const object = (value: unknown, at: string): Readonly<Record<string, unknown>> => {
    if (!isObject(value)) throw new SearchError('invalid_value', 'expected an object', at);
    return value;
  };
  const text = (value: unknown, at: string): string => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new SearchError('invalid_value', 'expected a string, number or boolean', at);
    const string = String(value);
    if (string.length > limits.maxQueryChars)
      throw new SearchError('limit_exceeded', `more than ${limits.maxQueryChars} characters`, at);
    return string;
  };
  const number = (value: unknown, fallback: number, at: string): number => {
    if (value === undefined) return fallback;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw new SearchError('invalid_value', `got ${show(value)}; allowed: a number >= 0`, at);
    return value;
  };
  /** `{field: spec}` or the short form `{field: value}`: the field and the long form. */
  const single = (
    body: unknown,
    key: string,
    allowed: readonly string[],
    at: string,
  ): readonly [Field, Readonly<Record<string, unknown>>, string] => {
    const entries = Object.entries(object(body, at));
    const [entry] = entries;
    if (entry === undefined || entries.length !== 1)
      throw new SearchError('invalid_value', 'expected exactly one field', at);
    const fieldAt = `${at}.${entry[0]}`;
    const field = schema.field(entry[0], fieldAt);
    const spec = isObject(entry[1]) ? entry[1] : { [key]: entry[1] };
    checkKeys(spec, allowed, fieldAt);
    return [field, spec, fieldAt];
  };
  const inverted = (field: Field, at: string): void => {
    if (field.type !== 'text' && field.type !== 'keyword')
      throw new SearchError('wrong_field_type', `"${field.name}" is ${field.type}; needed: text or keyword`, at);
  };
  const exact = (field: Field, value: unknown, boost: number, at: string): Node => {
    if (field.type === 'text' || field.type === 'keyword')
      return { kind: 'group', cursors: [{ field: field.name, term: text(value, at), weight: 1 }], boost };
    const wanted = queryNumber(field, value, at);
    return { kind: 'range', field: field.name, accepts: (n) => n === wanted, boost };
  };
  /** The groups of an analysed text, joined as its operator says. */
  const words = (groups: readonly Node[], spec: Readonly<Record<string, unknown>>, at: string): Node => {
    for (const group of groups) clause(group, at);
    const operator = spec['operator'] ?? 'or';
    if (operator !== 'or' && operator !== 'and')
      throw new SearchError('invalid_value', `got ${show(operator)}; allowed: or, and`, `${at}.operator`);
    const only = groups[0];
    if (only === undefined) return clause({ kind: 'none' }, at);
    const shouldMin =
      operator === 'and'
        ? groups.length
        : Math.max(1, shouldMatch(spec['minimum_should_match'], groups.length, 1, `${at}.minimum_should_match`));
    if (groups.length === 1 && shouldMin <= 1) return only;
    return { kind: 'bool', must: [], should: groups, filter: [], mustNot: [], shouldMin };
  };

  const visit = (value: unknown, boost: number, depth: number, at: string): Node => {
    if (depth > limits.maxDepth) throw new SearchError('limit_exceeded', `nested deeper than ${limits.maxDepth}`, at);
    const entries = Object.entries(object(value, at));
    const [entry] = entries;
    if (entry === undefined || entries.length !== 1)
      throw new SearchError('invalid_value', `expected exactly one of ${KINDS.join(', ')}`, at);
    const [kind, body] = entry;
    const here = `${at}.${kind}`;
    switch (kind) {
      case 'match_all': {
        checkKeys(object(body, here), ['boost'], here);
        return clause({ kind: 'all', boost: boost * number(object(body, here)['boost'], 1, `${here}.boost`) }, here);
      }
      case 'match_none':
        checkKeys(object(body, here), [], here);
        return clause({ kind: 'none' }, here);
      case 'match': {
        const [field, spec, p] = single(body, 'query', ['query', 'operator', 'minimum_should_match', 'boost'], here);
        const b = boost * number(spec['boost'], 1, `${p}.boost`);
        if (field.type !== 'text' && field.type !== 'keyword') return clause(exact(field, spec['query'], b, p), p);
        const tokens = field.analyzer.tokens(text(spec['query'], `${p}.query`));
        return words(
          tokens.map(({ token }): Node => ({
            kind: 'group',
            cursors: [{ field: field.name, term: token, weight: 1 }],
            boost: b,
          })),
          spec,
          p,
        );
      }
      case 'combined_fields': {
        const spec = object(body, here);
        checkKeys(spec, ['query', 'fields', 'operator', 'minimum_should_match', 'boost'], here);
        const b = boost * number(spec['boost'], 1, `${here}.boost`);
        const string = text(spec['query'], `${here}.query`);
        const weighted = fieldsOf(spec['fields'], context, here);
        const name = weighted[0]?.[0].analyzer.name;
        if (weighted.some(([field]) => field.analyzer.name !== name))
          throw new SearchError('invalid_value', 'all fields need the same analyzer', `${here}.fields`);
        const tokens = weighted[0]?.[0].analyzer.tokens(string) ?? [];
        return words(
          tokens.map(({ token }): Node => ({
            kind: 'group',
            cursors: weighted.map(([field, weight]) => ({ field: field.name, term: token, weight })),
            boost: b,
          })),
          spec,
          here,
        );
      }
      case 'match_phrase': {
        const [field, spec, p] = single(body, 'query', ['query', 'slop', 'boost'], here);
        if (field.type !== 'text')
          throw new SearchError('no_positions', `"${field.name}" is ${field.type}; a phrase needs text`, p);
        const b = boost * number(spec['boost'], 1, `${p}.boost`);
        const slop = number(spec['slop'], 0, `${p}.slop`);
        if (!Number.isInteger(slop))
          throw new SearchError('invalid_value', `got ${slop}; allowed: an integer`, `${p}.slop`);
        const tokens = field.analyzer.tokens(text(spec['query'], `${p}.query`));
        const terms = tokens.map(({ token }) => token);
        const first = tokens[0];
        if (first === undefined) return clause({ kind: 'none' }, p);
        if (tokens.length === 1)
          return clause({ kind: 'group', cursors: [{ field: field.name, term: first.token, weight: 1 }], boost: b }, p);
        if (slop > 0 && new Set(terms).size < terms.length)
          throw new SearchError('invalid_value', 'a phrase with slop must not repeat a term', `${p}.query`);
        for (const token of tokens) clause({ kind: 'none' }, `${p}.${token.token}`);
        return {
          kind: 'phrase',
          field: field.name,
          terms,
          offsets: tokens.map(({ position }) => position - first.position),
          slop,
          boost: b,
        };
      }
      case 'term': {
        const [field, spec, p] = single(body, 'value', ['value', 'boost'], here);
        return clause(exact(field, spec['value'], boost * number(spec['boost'], 1, `${p}.boost`), `${p}.value`), p);
      }
      case 'terms': {
        const [field, spec, p] = single(body, 'values', ['values'], here);
        const list = spec['values'];
        if (!Array.isArray(list)) throw new SearchError('invalid_value', 'expected an array', p);
        if (list.length > limits.maxTerms)
          throw new SearchError('limit_exceeded', `more than ${limits.maxTerms} terms`, p);
        if (field.type === 'text' || field.type === 'keyword')
          return clause(
            {
              kind: 'terms',
              field: field.name,
              terms: list.map((item, i) => text(item, `${p}[${i}]`)),
              prefix: false,
              boost,
            },
            p,
          );
        const wanted = new Set(list.map((item, i) => queryNumber(field, item, `${p}[${i}]`)));
        return clause({ kind: 'range', field: field.name, accepts: (n) => wanted.has(n), boost }, p);
      }
      case 'prefix': {
        const [field, spec, p] = single(body, 'value', ['value', 'boost'], here);
        inverted(field, p);
        return clause(
          {
            kind: 'terms',
            field: field.name,
            terms: [text(spec['value'], `${p}.value`)],
            prefix: true,
            boost: boost * number(spec['boost'], 1, `${p}.boost`),
          },
          p,
        );
      }
      case 'range': {
        const [field, spec, p] = single(body, '', ['gt', 'gte', 'lt', 'lte', 'boost'], here);
        if (field.type === 'text' || field.type === 'keyword')
          throw new SearchError(
            'wrong_field_type',
            `"${field.name}" is ${field.type}; needed: a number, date or boolean`,
            p,
          );
        const bound = (key: string): number | undefined =>
          spec[key] === undefined ? undefined : queryNumber(field, spec[key], `${p}.${key}`);
        const gt = bound('gt') ?? -Infinity;
        const gte = bound('gte') ?? -Infinity;
        const lt = bound('lt') ?? Infinity;
        const lte = bound('lte') ?? Infinity;
        return clause(
          {
            kind: 'range',
            field: field.name,
            accepts: (n) => n > gt && n >= gte && n < lt && n <= lte,
            boost: boost * number(spec['boost'], 1, `${p}.boost`),
          },
          p,
        );
      }
      case 'bool': {
        const spec = object(body, here);
        checkKeys(spec, ['must', 'should', 'filter', 'must_not', 'minimum_should_match', 'boost'], here);
        const b = boost * number(spec['boost'], 1, `${here}.boost`);
        const list = (key: string): readonly Node[] => {
          const given = spec[key];
          if (given === undefined) return [];
          return Array.isArray(given)
            ? given.map((item, i) => visit(item, b, depth + 1, `${here}.${key}[${i}]`))
            : [visit(given, b, depth + 1, `${here}.${key}`)];
        };
        const [must, should, filter, mustNot] = [list('must'), list('should'), list('filter'), list('must_not')];
        // as in Elasticsearch: no clauses, no conditions
        if (must.length + should.length + filter.length + mustNot.length === 0)
          return clause({ kind: 'all', boost: b }, here);
        const fallback = must.length + filter.length === 0 && should.length > 0 ? 1 : 0;
        return {
          kind: 'bool',
          must,
          should,
          filter,
          mustNot,
          shouldMin: shouldMatch(spec['minimum_should_match'], should.length, fallback, `${here}.minimum_should_match`),
        };
      }
      default:
        throw new SearchError('unknown_key', `unknown query "${kind}"; allowed: ${KINDS.join(', ')}`, at);
    }
  };
  return visit(query, 1, 1, path);
}

/** `title^3` -> field and weight; without `fields`, every text field that is not a multi-field. */
function fieldsOf(
  fields: unknown,
  { schema, weight }: ParseContext,
  at: string,
): readonly (readonly [Field, number])[] {
  if (fields === undefined) {
    const all = [...schema.fields.values()].filter((field) => field.type === 'text' && !field.multi);
    return all.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((field) => [field, weight(field)] as const);
  }
  if (!Array.isArray(fields) || fields.length === 0)
    throw new SearchError('invalid_value', 'expected a non-empty array', `${at}.fields`);
  const list = fields.map((item: unknown, i): readonly [Field, number] => {
    const p = `${at}.fields[${i}]`;
    const [name = '', caret] = (typeof item === 'string' ? item : '').split('^');
    const field = schema.field(name, p);
    if (field.type !== 'text') throw new SearchError('wrong_field_type', `"${name}" is ${field.type}; needed: text`, p);
    const w = caret === undefined ? weight(field) : Number(caret);
    if (!(w >= 1 && w <= 100)) throw new SearchError('invalid_value', `weight ${show(caret)}; allowed: 1 to 100`, p);
    return [field, w];
  });
  return list.toSorted((a, b) => (a[0].name < b[0].name ? -1 : 1));
}

/** 2, -1, "75%" or "-25%" of `count` clauses; never below 0, and above `count` nothing matches. */
function shouldMatch(value: unknown, count: number, fallback: number, at: string): number {
  if (value === undefined) return fallback;
  const match = /^(-?)(\d+)(%?)$/.exec(typeof value === 'number' || typeof value === 'string' ? `${value}` : '');
  if (match === null)
    throw new SearchError('invalid_value', `got ${show(value)}; allowed: an integer or a percentage such as "75%"`, at);
  const amount = match[3] === '%' ? Math.floor((count * Number(match[2])) / 100) : Number(match[2]);
  return match[1] === '-' ? Math.max(0, count - amount) : amount;
}
