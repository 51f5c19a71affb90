/** Numbers for people. The page is in English, so its numbers are too, whatever the browser's language. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Where there is no value yet. */
export const NONE = '–';

/** @param {number} value */
export const count = (value) => whole.format(value);

/** @param {number} value 1,234 and 1.2M: for narrow places */
export const short = (value) => (value < 100_000 ? whole.format(value) : compact.format(value));

/** @param {number} fraction of 1 */
export const percent = (fraction) => `${(fraction * 100).toFixed(1)}%`;

/** @param {number} ratio */
export const times = (ratio) => `${ratio.toFixed(2)}×`;

/** @param {number | null} ms */
export const duration = (ms) => (ms === null ? NONE : ms < 10 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(0)} ms`);

/**
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
