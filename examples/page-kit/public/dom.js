/**
 * The few DOM helpers that the panels share. The page's skeleton stands in index.html; a panel finds its places by
 * `data-field` and changes text, attributes and widths there. Lists are keyed, so that focus and hover survive.
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
 * Writes only what changed: an untouched text keeps the reader's selection and costs no layout.
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
 * @param {string} label what it does, for a reader who does not see the sign
 * @param {string} sign
 * @param {string} testId
 * @param {() => void} onClick
 * @returns {HTMLButtonElement}
 */
export function signButton(label, sign, testId, onClick) {
  const button = /** @type {HTMLButtonElement} */ (make('button', 'icon', sign));
  button.type = 'button';
  button.title = label;
  button.setAttribute('aria-label', label);
  button.dataset.testid = testId;
  button.addEventListener('click', onClick);
  return button;
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

/**
 * A canvas that fills its place in device pixels, and is drawn again when the place, the screen or the scheme changes.
 *
 * @param {HTMLElement} place
 * @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} draw in CSS pixels, on a clear canvas
 * @returns {{ canvas: HTMLCanvasElement, draw: () => void }}
 */
export function canvasIn(place, draw) {
  const canvas = /** @type {HTMLCanvasElement} */ (make('canvas'));
  canvas.setAttribute('role', 'img');
  place.append(canvas);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const paint = () => {
    const { clientWidth: width, clientHeight: height } = place;
    const scale = window.devicePixelRatio;
    if (width === 0 || height === 0) return;
    // Setting the size clears a canvas, so only a new size is set.
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height);
  };
  new ResizeObserver(paint).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  return { canvas, draw: paint };
}
