/**
 * Envelope: what is written to the tier around a value.
 *
 *   stamp  '=' text of the value        a value
 *   stamp  '-'                          there is none (remembered for absentTtlMs)
 *
 * The stamp is the versions of the key's tags as they were before the value was read from the source, joined by commas,
 * empty without tags. A text under another stamp, or one that does not decode, is no value: whoever reads it takes it
 * for a miss and overwrites it, so neither a tag's invalidation nor a change of format has to find the texts it is about.
 */
export interface Opened<V> {
  /** Undefined = there is none. */
  readonly value: V | undefined;
}

export function seal(stamp: string, text: string | undefined): string {
  return text === undefined ? `${stamp}-` : `${stamp}=${text}`;
}

/** Undefined = not usable. */
export function open<V>(sealed: string, stamp: string, decode: (text: string) => V): Opened<V> | undefined {
  if (!sealed.startsWith(stamp)) return undefined;
  const mark = sealed[stamp.length];
  if (mark === '-') return sealed.length === stamp.length + 1 ? { value: undefined } : undefined;
  if (mark !== '=') return undefined;
  try {
    const value = decode(sealed.slice(stamp.length + 1));
    return (value as unknown) === undefined ? undefined : { value };
  } catch {
    return undefined;
  }
}
