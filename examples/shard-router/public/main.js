/** Two things on one page: the lab, which runs the package here, and the live world, which runs it for real. */
import * as lib from './vendor/consistent-hash/index.js';
import { fieldsOf } from './kit/dom.js';
import { startLab } from './lab.js';
import { startLive } from './live-panel.js';

const NEEDED = ['ring', 'slots', 'diff', 'bounded', 'hotKeys', 'leastLoaded', 'mix32', 'xxh32'];

const missing = NEEDED.filter((name) => !(name in lib));
if (missing.length > 0) {
  const fault = fieldsOf(document)('fault');
  fault.textContent = `The package in dist has no ${missing.join(', ')}: build it again (pnpm build).`;
  fault.hidden = false;
} else {
  startLab(lib);
}
startLive();
