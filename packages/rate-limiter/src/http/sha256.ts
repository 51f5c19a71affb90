/**
 * SHA-256 (FIPS 180-4), so that a credential can be a key without being stored.
 *
 * WebCrypto only answers later, and `node:crypto` is not everywhere; a guard must decide before the next turn. A key is
 * short, so the plain algorithm is enough. The constants are computed from what they are: the first 32 bits of the
 * fractional parts of the square roots (initial state) and cube roots (rounds) of the first primes. 53-bit doubles hold
 * these roots with at least 50 fractional bits, so 32 are exact.
 */
const ROUNDS = 64;

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}

const fraction = (x: number): number => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;

interface Constants {
  readonly initial: readonly number[];
  readonly rounds: Int32Array;
}

let constants: Constants | undefined;

function constantsOf(): Constants {
  if (constants === undefined) {
    const primes = firstPrimes(ROUNDS);
    constants = {
      initial: primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))),
      rounds: Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
    };
  }
  return constants;
}

const rotate = (x: number, bits: number): number => (x >>> bits) | (x << (32 - bits));

/** The message, a one bit, zeros, and the length in bits as 64-bit integer, in whole blocks of 64 bytes. */
function padded(message: Uint8Array): DataView {
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(bytes.length - 4, message.length << 3);
  return view;
}

function expand(words: Int32Array, block: DataView, offset: number): void {
  for (let i = 0; i < 16; i++) words[i] = block.getInt32(offset + 4 * i);
  for (let i = 16; i < ROUNDS; i++) {
    const x = words[i - 15]!;
    const y = words[i - 2]!;
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    words[i] = words[i - 16]! + s0 + words[i - 7]! + s1;
  }
}

function compress(state: Int32Array, words: Int32Array, rounds: Int32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + rounds[i]! + words[i]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + s0 + majority) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i]! += word));
}

/** The digest as eight 32-bit words. O(bytes). */
export function sha256(message: Uint8Array): Uint32Array {
  const { initial, rounds } = constantsOf();
  const state = Int32Array.from(initial);
  const words = new Int32Array(ROUNDS);
  const block = padded(message);
  for (let offset = 0; offset < block.byteLength; offset += 64) {
    expand(words, block, offset);
    compress(state, words, rounds);
  }
  return new Uint32Array(state.buffer);
}

/**
 * A credential as a key: the first 128 bits of its SHA-256 in UTF-8, as 32 hexadecimal digits. Use it where the key
 * is an API key or a session, so that neither the store nor a log holds the credential itself.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { digestKey } from '@loadbearing/rate-limiter/http';
 *
 * assert.equal(digestKey('abc'), 'ba7816bf8f01cfea414140de5dae2223');
 * ```
 */
export function digestKey(secret: string): string {
  const words = sha256(new TextEncoder().encode(secret)).subarray(0, 4);
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}
