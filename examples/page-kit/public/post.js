/** Buttons ask the server; what it refuses is shown where the page shows faults. */
import { setText } from './dom.js';

/**
 * @param {HTMLElement} fault
 * @returns {(route: string, body: unknown) => Promise<void>}
 */
export function poster(fault) {
  /** @param {string} text */
  const say = (text) => {
    setText(fault, text);
    fault.hidden = text === '';
  };
  return async (route, body) => {
    say('');
    try {
      const answer = await fetch(route, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) say((await answer.json()).error ?? `The server answered ${answer.status}.`);
    } catch {
      say('The server does not answer.');
    }
  };
}
