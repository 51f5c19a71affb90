/**
 * Numbers for people. The page is in English, so its numbers are too, whatever the browser's language:
 * two notations on one page are read as two different things.
 */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** Where there is no value yet. */
export const NONE = '–';

/** @param {number} value */
export const count = (value) => whole.format(value);

/** @param {number} value 1,234 and 1.2M: for axes and narrow places */
export const short = (value) => (value < 10_000 ? whole.format(value) : compact.format(value));

/** @param {number} fraction of 1 */
export const percent = (fraction) => `${(fraction * 100).toFixed(1)}%`;

/** @param {number} ratio */
export const times = (ratio) => `${ratio.toFixed(2)}×`;

/** @param {number} epochMs */
export const timeOf = (epochMs) => clockSeconds.format(epochMs);

/** @param {number | null} ms */
export function duration(ms) {
  if (ms === null) return NONE;
  // A clock of whole milliseconds cannot say more than this.
  if (ms === 0) return '< 1 ms';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10 && !Number.isInteger(ms)) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

/** @param {number} size */
export function bytes(size) {
  if (size < 1000) return `${size} B`;
  if (size < 1e6) return `${(size / 1e3).toFixed(1)} kB`;
  if (size < 1e9) return `${(size / 1e6).toFixed(1)} MB`;
  return `${(size / 1e9).toFixed(2)} GB`;
}

/**
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
