/**
 * Strings into bytes without an object per string.
 *
 * The length of a string stands before it, so it has to be known before a byte is written. Encoding first and
 * copying then would allocate one array a record; instead the length is counted, and the bytes go straight to
 * their place. Lone surrogates become U+FFFD, as everywhere on the web (WHATWG Encoding, "UTF-8 encode").
 */

/** The UTF-8 length of `text` in bytes. O(length). */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      bytes += 2; // a pair: two units, four bytes
      at++;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

/** Strings up to this length are copied by hand: a call into the encoder costs more than they do. */
const BY_HAND_MAX = 48;

const encoder: InstanceType<typeof TextEncoder> = /* @__PURE__ */ new TextEncoder();

/** Writes `text`, which takes `length` bytes, at `at`; returns the position after it. */
export function writeUtf8(into: Uint8Array, at: number, text: string, length: number): number {
  if (length === text.length && length <= BY_HAND_MAX) {
    for (let i = 0; i < length; i++) into[at + i] = text.charCodeAt(i);
  } else {
    encoder.encodeInto(text, into.subarray(at, at + length));
  }
  return at + length;
}
