/** Typed arrays that follow the slots: a longer copy, with what was there at the same places. */
type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | Uint16Array;

/** A copy of this length, filled up with `filler`. O(length). */
export function widened<A extends Numbers>(from: A, length: number, filler = 0): A {
  const wide = new (from.constructor as new (length: number) => A)(length).fill(filler) as A;
  wide.set(from);
  return wide;
}

/** The array itself if it has room for slots 1..slots, else a copy that has. */
export function forSlots<A extends Numbers>(from: A, slots: number): A {
  return slots < from.length ? from : widened(from, slots + 1);
}

/** The array with a number noted for a slot of a cache of `max`: a longer one if need be. Amortised O(1). */
export function noted<A extends Numbers>(numbers: A, slot: number, number: number, max: number): A {
  const room = slot < numbers.length ? numbers : widened(numbers, Math.max(slot + 1, Math.min(2 * slot, max + 1)));
  room[slot] = number;
  return room;
}
