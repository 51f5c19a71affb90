/** The page: a live stream for what the server knows, a service worker for what this browser does itself. */
import { fieldsOf } from './kit/dom.js';
import { listen } from './kit/live.js';
import { reportPanel } from './kit/report-panel.js';
import { startControls } from './controls.js';
import { queriesPanel } from './queries-panel.js';
import { startReader } from './reader-panel.js';
import { waterfallPanel } from './waterfall-panel.js';

const field = fieldsOf(document);
listen(field('phase'), [
  waterfallPanel(field),
  queriesPanel(field),
  reportPanel(field),
  startControls(field),
  startReader(field),
]);
