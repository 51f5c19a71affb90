/** The live stream as a page hears it: the whole state with each event, and a chip that says whether all is well. */
import { setText } from './dom.js';

/** Without an event for this long the connection is taken for lost; EventSource goes on trying. */
const SILENCE_MS = 3000;

/** @typedef {{ phase: string, step: string, sections: readonly { claims: readonly { holds: boolean }[] }[] }} Scripted */

/** @param {Scripted} feed */
const phaseOf = ({ phase, step, sections }) => {
  if (phase === 'script') return `script: ${step}`;
  const failed = sections.flatMap(({ claims }) => claims).filter(({ holds }) => !holds).length;
  return failed === 0 ? 'live, all claims held' : `live, ${failed} claims failed`;
};

/**
 * @template {Scripted} Feed
 * @param {HTMLElement} chip
 * @param {readonly ((feed: Feed) => void)[]} panels each is shown every state
 */
export function listen(chip, panels) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;
  const lost = () => {
    chip.dataset.phase = 'lost';
    setText(chip, 'connection lost');
  };
  const source = new EventSource('live');
  source.addEventListener('error', lost);
  source.addEventListener('message', ({ data }) => {
    clearTimeout(silence);
    silence = setTimeout(lost, SILENCE_MS);
    /** @type {Feed} */
    const feed = JSON.parse(data);
    chip.dataset.phase = feed.phase;
    setText(chip, phaseOf(feed));
    for (const show of panels) show(feed);
  });
}
