/** Arguments of a command line, checked: a wrong one is named, with the value given and what is allowed. Pure. */

/** Throws RangeError with one line. */
export function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new RangeError(`--${name} must be a whole number from 0 to ${max}; got "${text}"`);
}
