/**
 * A bounded queue of non-decreasing times: what a sliding log remembers about one key.
 *
 * A ring over a Float64Array that starts at 8 places and doubles up to `most`. Pushing onto a full ring drops the
 * oldest time. Because times never decrease, everything that is asked of it is a binary search.
 *
 * `floorMs` is the newest time ever pushed. It outlives the entry itself: if that is refunded and the clock then steps
 * back, what is pushed next must not expire with a window that older entries have already left.
 * `sealedMs` is when a charge last pushed out times that still counted. What was in the ring then can no longer be
 * told apart, so refunds of it are void.
 */
export class Ring {
  floorMs = 0;
  sealedMs = -1;
  size = 0;
  private times: Float64Array = new Float64Array(8);
  private head = 0;

  /** The i-th oldest time, 0 <= i < size. */
  time(i: number): number {
    const place = this.head + i;
    const { times } = this;
    return times[place < times.length ? place : place - times.length]!;
  }

  /** How many times are at most `timeMs`. O(log size). */
  countThrough(timeMs: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.time(middle) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  push(timeMs: number, most: number): void {
    if (this.size === most) this.dropOldest(1);
    else if (this.size === this.times.length) this.grow(most);
    const place = this.head + this.size;
    this.times[place < this.times.length ? place : place - this.times.length] = timeMs;
    this.size++;
    this.floorMs = timeMs;
  }

  dropOldest(count: number): void {
    this.head = (this.head + count) % this.times.length;
    this.size -= count;
  }

  /** Takes out `count` times beginning with the `from`-th oldest. O(size). */
  remove(from: number, count: number): void {
    for (let i = from + count; i < this.size; i++) {
      const place = this.head + i - count;
      this.times[place < this.times.length ? place : place - this.times.length] = this.time(i);
    }
    this.size -= count;
  }

  private grow(most: number): void {
    const wide = new Float64Array(Math.min(2 * this.times.length, most));
    for (let i = 0; i < this.size; i++) wide[i] = this.time(i);
    this.times = wide;
    this.head = 0;
  }
}
