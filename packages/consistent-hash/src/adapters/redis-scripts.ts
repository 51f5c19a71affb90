/**
 * The Lua that runs inside Redis: what must be one atomic step with the check of a fence.
 *
 * Redis runs a script alone and to its end, so a fence read at its beginning still holds when the command behind it
 * runs. Every script of a shard begins with the same line and answers `{0}` for a fenced call, `{1, ...}` otherwise.
 * KEYS: the slot's fence and its entries. ARGV[1]: the caller's epoch.
 *
 * Epochs are compared as numbers (doubles, exact up to 2^53), since as strings '9' is above '10', and stored as the
 * text that came, since Lua would write a large number in 14 digits. The comparison is a negated one: NaN is refused.
 *
 * Sent as a whole with every call (EVAL). EVALSHA saves 2 to 7 microseconds of 16 to 23 a call (measured with both
 * clients, loopback), and would need SHA-1 here and a second attempt on every server that has not seen the script:
 * after each restart, failover or new cluster node.
 */
const FENCED_BELOW = `if not(ARGV[1]-(redis.call('get',KEYS[1])or 0)>=0)then return{0}end `;

/** Raises the fence to the epoch; one that is above it already stays, and says so in vain. */
export const FENCE: string = `${FENCED_BELOW}redis.call('set',KEYS[1],ARGV[1])return{1}`;

/** Any one command on the entries: ARGV is the epoch, the command, its arguments behind the key. */
export const COMMAND: string = `${FENCED_BELOW}return{1,redis.call(ARGV[2],KEYS[2],unpack(ARGV,3))}`;

/** ARGV is the epoch, the number of puts, key and value of each put, the keys to remove. Loops: unpack ends at 8000. */
export const APPLY: string =
  `${FENCED_BELOW}local n=2*ARGV[2]+2 ` +
  `for i=3,n,2 do redis.call('hset',KEYS[2],ARGV[i],ARGV[i+1])end ` +
  `for i=n+1,#ARGV do redis.call('hdel',KEYS[2],ARGV[i])end return{1}`;

/** ARGV is the epoch, the cursor, the page size. Names the server process, since a cursor means nothing to another. */
export const SCAN: string =
  `${FENCED_BELOW}local r=redis.call('hscan',KEYS[2],ARGV[2],'count',ARGV[3])` +
  `return{1,r[1],r[2],redis.call('info','server'):match('run_id:(%w+)')}`;

/** Compare-and-set of a JSON document on its epoch: KEYS[1] holds it, ARGV is the new epoch and document. */
export const SAVE: string =
  `local d=redis.call('get',KEYS[1])` +
  `if(d and cjson.decode(d).epoch or 0)~=ARGV[1]-1 then return 0 end ` +
  `redis.call('set',KEYS[1],ARGV[2])return 1`;
