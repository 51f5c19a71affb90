/** At the doors: what it costs to be let in or not, and who is. */
import { setText } from './kit/dom.js';
import { count, duration } from './kit/format.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function doorsPanel(field) {
  return ({ doorsP99Ms, inFlight, waiting, breaker, store, greedy }) => {
    setText(field('doors'), duration(doorsP99Ms));
    setText(field('in-flight'), count(inFlight));
    setText(field('waiting'), count(waiting));
    setText(field('breaker'), breaker);
    field('breaker').classList.toggle('bad', breaker !== 'closed');
    setText(field('store'), `of the shared store, ${store}`);
    setText(field('greedy-admitted'), count(greedy.admitted));
    setText(field('greedy-refused'), count(greedy.refused));
  };
}
