/**
 * A seeded hash of text: 64 bits in two halves, for a table whose places a client must not be able to choose.
 *
 * Each half is `h = (h ^ character) * multiplier` modulo 2^32 over the UTF-16 code units, then finished by the mixer of
 * MurmurHash3. Start and multiplier of both halves are random and secret, as is a hash's outcome, so a client cannot
 * work out which of its keys will meet. It is no cryptographic hash: it must not be shown to anybody.
 */
export class SeededHash {
  /** The first half of the last hash, a signed 32-bit integer. */
  first = 0;
  /** The second half of the last hash. */
  second = 0;
  private readonly firstStart: number;
  private readonly secondStart: number;
  private readonly firstMultiplier: number;
  private readonly secondMultiplier: number;

  /** @param random uniform in [0, 1), asked 4 times */
  constructor(random: () => number) {
    const draw = (): number => Math.floor(random() * 2 ** 32) | 0;
    // Odd, so that no multiplication loses anything; 5 modulo 8, so that its powers do not soon repeat.
    const drawMultiplier = (): number => (draw() & ~7) | 5;
    this.firstStart = draw();
    this.secondStart = draw();
    this.firstMultiplier = drawMultiplier();
    this.secondMultiplier = drawMultiplier();
  }

  /** Hashes `text` into {@link first} and {@link second}. O(length), no allocation. */
  of(text: string): void {
    const m = this.firstMultiplier;
    const n = this.secondMultiplier;
    let a = this.firstStart;
    let b = this.secondStart;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, m);
      b = Math.imul(b ^ unit, n);
    }
    this.first = mixed(a);
    this.second = mixed(b ^ text.length);
  }
}

/** Makes every bit of the result depend on every bit of `h`; a permutation of the 32-bit integers. */
export function mixed(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
