/**
 * One colour for each node or shard, by the number in its name, so that a reload paints the same picture.
 *
 * The sixteen colours (style.css, --node-1..16) are Okabe and Ito's eight, then Paul Tol's "muted" set: both were made
 * to stay apart for every common form of colour blindness. A colour is never the only sign: the name stands next to it.
 */

const COLOURS = 16;

/** @param {string} id */
const variableOf = (id) => `--node-${((Number(/\d+$/.exec(id)?.[0] ?? 1) + COLOURS - 1) % COLOURS) + 1}`;

/**
 * @param {string} id
 * @returns {string} for a style
 */
export const colourOf = (id) => `var(${variableOf(id)})`;

/**
 * A canvas knows no variables: their values now.
 *
 * @returns {(name: string) => string} of a variable, each looked up once
 */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  /** @type {Map<string, string>} */
  const known = new Map();
  return (name) => {
    let value = known.get(name);
    if (value === undefined) known.set(name, (value = style.getPropertyValue(name).trim()));
    return value;
  };
}

/**
 * @param {ReturnType<typeof palette>} colours
 * @param {string} id
 */
export const canvasColourOf = (colours, id) => colours(variableOf(id));
