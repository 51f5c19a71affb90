/**
 * The few DOM helpers that the panels share.
 *
 * The page's skeleton stands in index.html; a panel finds its places by `data-field` and only ever changes text,
 * attributes and widths there. Lists are keyed: a row lives as long as its item does, so focus, hover and transitions
 * survive the state that arrives each second.
 */

/**
 * @param {ParentNode} root
 * @returns {(name: string) => HTMLElement} finds the element with that `data-field` under `root`, or throws
 */
export function fieldsOf(root) {
  return (name) => {
    const found = root.querySelector(`[data-field="${name}"]`);
    if (!(found instanceof HTMLElement)) throw new Error(`index.html has no data-field="${name}" here`);
    return found;
  };
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function panel(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element with id="${id}"`);
  return found;
}

/**
 * Writes only what changed: an untouched text node keeps the reader's selection and costs no layout.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * A list whose rows follow their items by key: kept, moved, made or removed.
 *
 * @template T
 * @param {HTMLElement} container
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => { row: HTMLElement, update: (item: T) => void }} createRow
 * @returns {(items: readonly T[]) => void}
 */
export function keyedList(container, keyOf, createRow) {
  /** @type {Map<string, { row: HTMLElement, update: (item: T) => void }>} */
  const views = new Map();
  return (items) => {
    const gone = new Set(views.keys());
    let at = container.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      gone.delete(key);
      let view = views.get(key);
      if (!view) {
        view = createRow(item);
        views.set(key, view);
      }
      view.update(item);
      if (view.row === at) at = at.nextElementSibling;
      else container.insertBefore(view.row, at);
    }
    for (const key of gone) {
      views.get(key)?.row.remove();
      views.delete(key);
    }
  };
}
