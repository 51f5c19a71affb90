/** The page: everything on it is what the live stream says. */
import { fieldsOf } from './kit/dom.js';
import { listen } from './kit/live.js';
import { reportPanel } from './kit/report-panel.js';
import { startControls } from './controls.js';
import { doorsPanel } from './doors-panel.js';
import { feedbackPanel } from './feedback-panel.js';
import { outcomesPanel } from './outcomes-panel.js';

const field = fieldsOf(document);
listen(field('phase'), [
  outcomesPanel(field),
  feedbackPanel(field),
  doorsPanel(field),
  reportPanel(field),
  startControls(field),
]);
