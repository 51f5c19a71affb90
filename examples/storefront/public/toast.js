/**
 * One place for what the shop refused: a short-lived note in the corner, read out by screen readers, never in the way.
 * At most three are shown; the same message again restarts the one that is there.
 */
import { make, fieldsOf } from './dom.js';

const SHOWN_MAX = 3;
const SHOWN_MS = 7000;

const box = fieldsOf(document)('toasts');

/**
 * @param {string} message
 * @param {'bad' | 'good'} [tone]
 */
export function toast(message, tone = 'bad') {
  for (const other of box.children) if (other.firstChild?.textContent === message) other.remove();
  while (box.children.length >= SHOWN_MAX) box.firstElementChild?.remove();
  const note = make('p', `toast ${tone}`);
  const close = make('button', '', '×');
  close.setAttribute('type', 'button');
  close.setAttribute('aria-label', 'Dismiss');
  close.addEventListener('click', () => note.remove());
  note.append(make('span', '', message), close);
  box.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
