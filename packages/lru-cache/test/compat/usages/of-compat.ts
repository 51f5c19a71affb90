/** Uses of the interface; the neighbour is this very text with the other import. Compiled for both, run for both. */
import { LRUCache } from '../../../src/compat/index.ts';

interface User {
  readonly id: string;
  name: string;
}

export async function use(now: () => number): Promise<unknown[]> {
  const told: unknown[] = [];
  const tell = (...what: unknown[]): void => void told.push(what);

  // Options kept in a variable, and types named.
  const dispose: LRUCache.Disposer<string, User> = (user, key, reason: LRUCache.DisposeReason) =>
    tell('dispose', user.name, key, reason);
  const fetchMethod: LRUCache.Fetcher<string, User, { tenant: string }> = async (
    id,
    stale,
    { signal, options, context },
  ) => {
    options.ttl = 50;
    tell('fetch', stale?.name, signal.aborted, context.tenant);
    return { id, name: `${context.tenant}/${id}` };
  };
  const options: LRUCache.Options<string, User, { tenant: string }> = {
    max: 2,
    ttl: 1000 * 60,
    maxSize: 100,
    sizeCalculation: (user, key) => user.name.length + key.length,
    dispose,
    fetchMethod,
    onInsert: (user, key, reason: LRUCache.InsertReason) => tell('insert', user.name, key, reason),
    perf: { now },
  };
  const users = new LRUCache(options);
  const status: LRUCache.Status<string, User, { tenant: string }> = {};
  const user: User | undefined = await users.fetch('1', { context: { tenant: 't' }, status });
  tell(user?.name, status.fetch, status.fetchUpdated, status.set, users.getRemainingTTL('1'));
  const sure: User = await users.forceFetch('1', {
    context: { tenant: 't' },
    allowStale: true,
    signal: new AbortController().signal,
  });
  tell(sure.name);
  users
    .set('2', { id: '2', name: 'b' }, { ttl: 5, size: 3, noDisposeOnSet: true, start: now() })
    .set('3', { id: '3', name: 'c' });
  tell(users.size, users.calculatedSize, users.max, users.maxSize, users.maxEntrySize);

  // A bound by ttl alone; keys that are objects; values that are numbers.
  const key = { any: 'object' };
  const byObject = new LRUCache<object, number>({ ttl: 60_000, ttlAutopurge: true, allowStale: true });
  byObject.set(key, 0);
  tell(byObject.get(key), byObject.peek(key, { allowStale: false }), byObject.has(key, { updateAgeOnHas: true }));
  byObject.ttlAutopurge = false;
  byObject.updateAgeOnGet = true;
  byObject.clear();

  // No context needed, none allowed; what is answered synchronously counts too.
  const plain = new LRUCache<string, number>({ maxSize: 10, maxEntrySize: 5, fetchMethod: (k) => k.length });
  tell(await plain.fetch('abc', { size: 2 }), await plain.fetch('abc'), plain.info('abc')?.size);
  const never = new LRUCache<string, number, undefined>({ max: 1, fetchMethod: async () => undefined });
  tell(await never.fetch('x'), await never.fetch('x', { context: undefined }));

  // memo, with and without context.
  const memo = new LRUCache<number, string, boolean>({
    max: 5,
    memoMethod: (n, _stale, { context }) => (context ? 'odd' : `even ${n}`),
  });
  const word: string = memo.memo(3, { context: true, forceRefresh: true });
  tell(word, memo.memo(3, { context: false }));
  const memoizer: LRUCache.Memoizer<number, string> = (n) => String(n);
  tell(new LRUCache({ max: 5, memoMethod: memoizer }).memo(7));

  // Iteration and copies.
  const [first] = users;
  for (const [id, { name }] of users.entries()) tell(id, name);
  for (const id of users.rkeys()) tell(id);
  users.forEach((one, id, self) => tell(one.name, id, self === users));
  tell(first?.[0], [...users.keys()].length, users.find((one) => one.name === 'c')?.id);
  const dump: [string, LRUCache.Entry<User>][] = users.dump();
  const copy: LRUCache<string, User, { tenant: string }> = new LRUCache(users);
  copy.load(dump);
  tell(
    copy.size,
    copy.pop()?.id,
    copy.delete('zzz'),
    copy.purgeStale(),
    Object.prototype.toString.call(copy),
    copy.fetchMethod === fetchMethod,
  );

  // A class of one's own.
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- as the type parameters are declared
  class Counted<K extends {}, V extends {}> extends LRUCache<K, V> {
    hits = 0;
    override get(k: K, getOptions?: LRUCache.GetOptions<K, V, unknown>): V | undefined {
      const value = super.get(k, getOptions);
      if (value !== undefined) this.hits++;
      return value;
    }
  }
  const counted = new Counted<string, number>({ max: 1 });
  counted.set('a', 1);
  tell(counted.get('a'), counted.get('b'), counted.hits);
  return told;
}
