/**
 * The Lua that runs inside Redis: what must be one atomic step with a check.
 *
 * Redis runs a script alone and to its end, so what it reads at its beginning still holds at its end. Epochs are
 * compared as numbers (doubles, exact up to 2^53), since as text '9' is above '10', and stored as the text that came,
 * since Lua would write a large number in 14 digits.
 *
 * The scripts are sent whole with every call (EVAL). EVALSHA would save 2 to 7 microseconds of 16 to 23 a call
 * (loopback, either client), and need a SHA-1 here and a second attempt at every server that has not seen the script:
 * after each restart and failover, and at each new server of a cluster.
 */

/** How a command of GUARDED names what it works on: the slot's fence, its data, or a section of INFO. */
export const FENCE = 1;
export const DATA = 2;
export const SERVER = 3;

/**
 * Any commands behind a fence. KEYS: fence and data of a slot. ARGV: the caller's epoch, then for each command the
 * number of its words and the words, of which the second is one of the numbers above: a client may put a prefix before
 * KEYS (ioredis, `keyPrefix`), and a command that named its key itself would work on another than the one checked.
 * The reply is the list of replies, or nil below the fence, which is also where an epoch of NaN is.
 */
export const GUARDED: string =
  `if ARGV[1]-(redis.call('get',KEYS[1])or 0)>=0 then ` +
  `local k,r,i={KEYS[1],KEYS[2],'server'},{},2 ` +
  `while ARGV[i]do ` +
  `local n=i+ARGV[i]r[#r+1]=redis.call(ARGV[i+1],k[ARGV[i+2]+0],unpack(ARGV,i+3,n))i=n+1 end ` +
  `return r end`;

/**
 * Compare-and-set of a JSON document on its epoch. KEYS: the document. ARGV: the new epoch, the new document.
 * The reply is OK or nil.
 */
export const SAVE: string =
  `local d=redis.call('get',KEYS[1])` +
  `if(d and cjson.decode(d).epoch or 0)==ARGV[1]-1 then return redis.call('set',KEYS[1],ARGV[2])end`;
