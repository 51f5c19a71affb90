/**
 * The rules of fence and lease in Lua, one script a call, so that each happens in one step on the server.
 *
 * A key of the cache has up to four keys in Redis, with one hash tag and so in one slot of a cluster:
 *
 *   p{key}    its value               p{key}:l  the lease
 *   p{key}:f  the fence               p{key}:t  the version, if there is a tag of that name
 *
 * A script names all of its keys in KEYS, uses no clock and no randomness of the server: tokens come with the call. It is
 * called by its SHA-1; a server that does not know it (new, restarted, after SCRIPT FLUSH) says NOSCRIPT, and is sent
 * the text once. The sums stand here, since to compute them would take a module of Node's; a test compares them.
 * `fence.ts` of the tiers says the same in TypeScript, and one test drives both.
 */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** value, fence, lease; token, fenceMs, leaseMs, and a value that counts as a miss. Hit: [value, ms]. Miss: [fence, ms, leader]. */
export const READ: Script = {
  text: `local v = redis.call('GET', KEYS[1])
if v and v ~= ARGV[4] then return {v, redis.call('PTTL', KEYS[1])} end
local f = redis.call('GET', KEYS[2]) or ARGV[1]
redis.call('SET', KEYS[2], f, 'PX', ARGV[2])
return {f, 0, redis.call('SET', KEYS[3], '', 'PX', ARGV[3], 'NX') and 1 or 0}`,
  sha: '6ac19e87b3d9fa4cfe86727ca73af6b6e6fb60a9',
};

/** value, fence, lease; value, ms, fence. 1 = stored. */
export const FILL: Script = {
  text: `if redis.call('GET', KEYS[2]) ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[3])
return 1`,
  sha: '8296de86556bd2f0ca3630ffcd3805a5e1920b52',
};

/** version; token, ms. */
export const VERSION: Script = {
  text: `local t = redis.call('GET', KEYS[1]) or ARGV[1]
redis.call('SET', KEYS[1], t, 'PX', ARGV[2])
return t`,
  sha: '01b57e1a2bc5f92cdb43954277a213dbc949e2c1',
};
