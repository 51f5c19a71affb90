/** Product pages: how often the cache had them, and who loaded the rest. */
import { fieldsOf, panel, setText } from './dom.js';
import { count, NONE } from './format.js';
import { ratioChart } from './charts.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */

/** @returns {(state: LiveState) => void} */
export function cachePanel() {
  const field = fieldsOf(panel('cache'));
  const chart = ratioChart(field('ratio-chart'));

  return ({ cache }) => {
    const ratio = cache.recentHitRatio;
    setText(field('ratio'), ratio === null ? NONE : `${Math.floor(ratio * 100)}%`);
    chart(ratio);
    setText(field('hits'), count(cache.hits));
    setText(field('misses'), count(cache.misses));
    setText(field('loads'), count(cache.loads));
    setText(field('joined'), count(cache.joined));
    setText(field('evictions'), count(cache.evictions));
    setText(field('size'), `${count(cache.size)} of ${count(cache.max)}`);
  };
}
