/**
 * One colour for each shard, for as long as the shard lives.
 *
 * The sixteen colours (style.css, --shard-1..16) are Okabe and Ito's eight, then Paul Tol's "muted" set: both were made
 * to stay apart for every common form of colour blindness. A shard takes the slot of the number in its name when that
 * is free, so that a reload paints the same ring; otherwise the first free one. A colour is never the only sign: the
 * name always stands next to it.
 */

const SLOTS = 16;

/** @type {Map<string, number>} */
const slotOf = new Map();

/**
 * Gives back the colours of shards that are gone, and gives one to each new shard.
 *
 * @param {readonly string[]} shards
 */
export function keepColours(shards) {
  for (const shard of slotOf.keys()) if (!shards.includes(shard)) slotOf.delete(shard);
  for (const shard of shards) if (!slotOf.has(shard)) slotOf.set(shard, freeSlot(shard));
}

/**
 * @param {string} shard
 * @returns {string} a CSS colour
 */
export function colourOf(shard) {
  const slot = slotOf.get(shard);
  return slot === undefined ? 'var(--muted)' : `var(--shard-${slot + 1})`;
}

/** @param {string} shard */
function freeSlot(shard) {
  const taken = new Set(slotOf.values());
  const wanted = (Number(/\d+$/.exec(shard)?.[0] ?? 1) + SLOTS - 1) % SLOTS;
  for (let step = 0; step < SLOTS; step++) {
    const slot = (wanted + step) % SLOTS;
    if (!taken.has(slot)) return slot;
  }
  return wanted;
}
