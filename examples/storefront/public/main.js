/**
 * The live page: one stream of states in, one function for each panel.
 *
 * Data goes one way. `live.js` hears a LiveState a second, every panel draws itself from it and keeps nothing that the
 * next state would not repair; buttons send a request and wait for its effect to come back in the stream.
 */
import { booksPanel } from './books.js';
import { cachePanel } from './cache.js';
import { controls } from './controls.js';
import { gatePanel } from './gate.js';
import { listen } from './live.js';
import { logPanel } from './log.js';
import { sagasPanel } from './sagas.js';
import { shopPanel } from './shop.js';
import { status } from './status.js';
import { stockPanel } from './stock.js';

const top = status();
const panels = [
  // First: it gives each shard its colour.
  stockPanel(),
  shopPanel(),
  gatePanel(),
  cachePanel(),
  booksPanel(),
  sagasPanel(),
  logPanel(),
  controls(top.killed),
];

listen('/api/live', {
  onState: (state) => {
    top.live(state);
    for (const show of panels) show(state);
  },
  onLost: top.lost,
});
