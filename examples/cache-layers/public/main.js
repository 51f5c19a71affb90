/** The page: a live stream for what the server knows, a service worker for what this browser does itself. */
import { fieldsOf, setText } from './kit/dom.js';
import { startControls } from './controls.js';
import { queriesPanel } from './queries-panel.js';
import { startReader } from './reader-panel.js';
import { reportPanel } from './kit/report-panel.js';
import { waterfallPanel } from './waterfall-panel.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

/** Without an event for this long the connection is taken for lost; EventSource goes on trying. */
const SILENCE_MS = 3000;

const field = fieldsOf(document);
const chip = field('phase');
const panels = [
  waterfallPanel(field),
  queriesPanel(field),
  reportPanel(field),
  startControls(field),
  startReader(field),
];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence;

/** @param {Feed} feed */
const phaseOf = ({ phase, step, sections }) => {
  if (phase === 'script') return `script: ${step}`;
  const failed = sections.flatMap(({ claims }) => claims).filter(({ holds }) => !holds).length;
  return failed === 0 ? 'live, all claims held' : `live, ${failed} claims failed`;
};

function lost() {
  chip.dataset.phase = 'lost';
  setText(chip, 'connection lost');
}

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
