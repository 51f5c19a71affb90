/**
 * What is installed in the database: a table of states and the function that changes them, and how they are asked.
 *
 * The table is unlogged: a decision writes nothing to the log and waits for no disk. A server that crashes comes back
 * with the table empty, which is full quota for everybody. Both names end in a version, so that processes with different
 * versions of this package can work in one database.
 */
import { functionText } from './function-text.ts';

/** Raised with every change of the function's text; a test compares the two. */
export const FUNCTION_VERSION = 1;

/** Raised when rows come to mean something else. */
export const TABLE_VERSION = 1;

export const tableName = (schema: string): string => `"${schema}"."rate_limiter_${TABLE_VERSION}"`;
export const functionName = (schema: string): string => `"${schema}"."rate_limiter_apply_${FUNCTION_VERSION}"`;

const tableText = (schema: string): string => `
create unlogged table ${tableName(schema)} (
  id text collate "C" primary key,
  words bigint[] not null,
  times bigint[] not null,
  expires_ms bigint not null
) with (fillfactor = 50)`;

/**
 * One statement that creates what is missing. Whoever comes second waits for the first, sees its work and does nothing;
 * so may a role that is not allowed to create anything.
 */
export function installText(schema: string): string {
  const table = tableName(schema);
  const apply = `${functionName(schema)}(text[],bigint[],int[],bigint[],bigint)`;
  return `do $install$
begin
  if to_regclass('${table}') is not null and to_regprocedure('${apply}') is not null then return; end if;
  perform pg_advisory_xact_lock(hashtext('loadbearing rate-limiter'));
  if to_regnamespace('"${schema}"') is null then execute 'create schema "${schema}"'; end if;
  if to_regclass('${table}') is null then execute $text$${tableText(schema)}$text$; end if;
  if to_regprocedure('${apply}') is null then execute $text$${functionText(functionName(schema), table)}$text$; end if;
end
$install$`;
}

/** `$1` ids, `$2` op, cost and arg of each, `$3` kinds, `$4` constants, `$5` the time of a test or null. */
export const applyText = (schema: string): string =>
  `select ${functionName(schema)}($1::text::text[], $2::text::bigint[], $3::text::int[], $4::text::bigint[], $5::text::bigint) as answer`;

/**
 * Deletes up to `$1` rows that say "full quota" and have for a minute, so that a server's clock set back by less than
 * that forgets nothing. Rows in use are skipped, not waited for.
 */
export const sweepText = (schema: string): string => `
with swept as (
  delete from ${tableName(schema)} where ctid = any (array(
    select ctid from ${tableName(schema)}
    where expires_ms < floor(date_part('epoch', clock_timestamp()) * 1000) - 60000
    limit $1::text::bigint for update skip locked
  )) returning 1
) select count(*)::text as answer from swept`;
