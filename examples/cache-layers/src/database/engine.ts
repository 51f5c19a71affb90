/**
 * The table of items: in PostgreSQL when DATABASE_URL names one, else in PGlite, which is PostgreSQL in this process.
 *
 * The table is temporary: it belongs to one connection and is gone with it, so a database that is lent to us is left
 * as it was. That one connection is no bottleneck: the gate before it is (gate.ts).
 */
import process from 'node:process';
import { itemCount, itemText, padding, type Item } from './items.ts';

export interface ItemTable {
  readonly engine: 'PostgreSQL' | 'PGlite';
  get(id: number): Promise<Item | undefined>;
  /** Writes the next version and answers it; undefined when there is no such item. */
  bump(id: number): Promise<Item | undefined>;
  close(): Promise<void>;
}

type Query = (sql: string, values?: unknown[]) => Promise<{ rows: unknown[] }>;

const connectTimeoutMs = 3000;
const insertRows = 500;

export async function openTable(url: string | undefined = process.env['DATABASE_URL']): Promise<ItemTable> {
  if (url !== undefined && url !== '') {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      throw Object.assign(new Error(reason(error)), { code: 'DATABASE_SILENT' });
    }
    return table(
      'PostgreSQL',
      (sql, values) => client.query(sql, values),
      () => client.end(),
    );
  }
  const { PGlite } = await import('@electric-sql/pglite');
  const lite = await PGlite.create();
  return table(
    'PGlite',
    (sql, values) => lite.query(sql, values),
    () => lite.close(),
  );
}

/** Node reports both addresses of a name in an AggregateError without a message. */
function reason(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message !== undefined && message !== '' ? message : (code ?? String(error));
}

async function table(engine: ItemTable['engine'], query: Query, close: () => Promise<void>): Promise<ItemTable> {
  await query('create temporary table items (id int primary key, version int not null, text text not null)');
  for (let first = 1; first <= itemCount; first += insertRows) {
    const rows = Array.from({ length: Math.min(insertRows, itemCount - first + 1) }, (_, i) => first + i);
    await query('insert into items select id, 1, text from unnest($1::int[], $2::text[]) as new (id, text)', [
      rows,
      rows.map((id) => itemText(id, 1)),
    ]);
  }
  const get = async (id: number): Promise<Item | undefined> => {
    const { rows } = await query('select id, version, text from items where id = $1', [id]);
    return rows[0] as Item | undefined;
  };
  return {
    engine,
    get,
    bump: async (id) => {
      const { rows } = await query(
        `update items set version = version + 1,
           text = rpad('Item ' || id || ', version ' || (version + 1) || '. ', 900, $2)
         where id = $1 returning id, version, text`,
        [id, padding],
      );
      return rows[0] as Item | undefined;
    },
    close,
  };
}
