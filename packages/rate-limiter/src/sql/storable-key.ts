/**
 * Keys as SQL text. A database may refuse U+0000 in a text, and UTF-8 has no form for half a surrogate pair: drivers send
 * U+FFFD for it, so two keys would become one and share a bucket. Those three are written as U+FFFD and four hexadecimal
 * digits; every other key is itself, and no two keys become equal.
 */
const unstorable = /[\0\ud800-\udfff\ufffd]/gu;
const isUnstorable = new RegExp(unstorable.source, 'u');

export function storableKey(key: string): string {
  if (!isUnstorable.test(key)) return key;
  return key.replace(unstorable, (c) => `\ufffd${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
