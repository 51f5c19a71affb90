/**
 * The live migration: every event is the whole state of the world (src/feed.ts), drawn as it comes.
 *
 * A button sends its request and says nothing itself: its effect comes back in the stream. Only a refusal is shown.
 */
import { fieldsOf, keyedList, make, setText } from './kit/dom.js';
import { count, NONE, percent, plural, short } from './kit/format.js';
import { colourOf } from './palette.js';
import { slotGrid } from './slot-grid.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

const PHASES = {
  loading: 'loading rows',
  idle: 'idle',
  moving: 'migrating',
  done: 'done',
  failed: 'failed',
};
/** Longer silence than this and the world is called lost; EventSource goes on trying. */
const SILENCE_MS = 3000;

export function startLive() {
  const root = /** @type {HTMLElement} */ (document.getElementById('live'));
  const field = fieldsOf(root);
  const grid = slotGrid(field('grid'), field('heat'));
  const shards = shardList(field('shards'));
  const buttons = actions(root, field('said'));
  let heard = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;

  const lost = () => {
    root.dataset.phase = 'lost';
    setText(field('phase'), heard ? 'connection lost' : 'not running');
    field('absent').hidden = heard;
  };
  const source = new EventSource('/live');
  source.addEventListener('error', () => {
    lost();
    // After a refusal (404 from a server without a world) there is nothing to try again.
    if (source.readyState === EventSource.CLOSED) clearTimeout(silence);
  });
  source.addEventListener('message', ({ data }) => {
    heard = true;
    clearTimeout(silence);
    silence = setTimeout(lost, SILENCE_MS);
    /** @type {Feed} */
    const feed = JSON.parse(data);
    field('absent').hidden = true;
    field('world').hidden = false;
    root.dataset.phase = feed.phase;
    setText(field('phase'), PHASES[feed.phase]);
    grid(feed);
    shards(feed);
    buttons(feed);
    showNumbers(field, feed);
  });
}

/** @param {number} value every digit as long as the place has room: each operation is seen to count */
const total = (value) => (value < 100_000 ? count(value) : short(value));

/** @param {number | null} ms always with a tenth below 10 ms, and never in seconds: compared with another at a glance */
const latency = (ms) => (ms === null ? NONE : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);

/**
 * @param {(name: string) => HTMLElement} field
 * @param {Feed} feed
 */
function showNumbers(field, feed) {
  for (const kind of /** @type {const} */ (['lost', 'stale', 'resurrected'])) {
    setText(field(kind), count(feed.violations[kind]));
    field(kind).classList.toggle('bad', feed.violations[kind] > 0);
  }
  const { reads, writes, deletes, perSecond } = feed.operations;
  setText(field('operations'), total(reads + writes + deletes));
  setText(field('per-second'), `${total(Math.round(perSecond))} a second`);
  setText(field('p99'), latency(feed.p99Ms));
  setText(field('p99-idle'), feed.idleP99Ms === null ? '' : `${latency(feed.idleP99Ms)} idle`);
  setText(field('unanswered'), count(feed.unanswered));
  setText(field('rows-moved'), feed.rows > 0 ? percent(feed.movedRows / feed.rows) : NONE);
  setText(field('rows-optimal'), feed.optimalRows > 0 ? `ideal ${percent(feed.optimalRows / feed.rows)}` : '');
  setText(field('epoch'), count(feed.epoch));
  setText(field('step'), feed.phase === 'moving' && feed.step ? stepText(feed.step) : '');
  setText(field('rows'), count(feed.rows));
  setText(field('engine'), feed.engine === 'redis' ? `Redis, ${plural(feed.servers, 'server')}` : 'in memory');
  for (const name of /** @type {const} */ (['router', 'mover'])) {
    const { pid, up, kills } = feed[name];
    const state = up ? `pid ${pid}` : pid === null && kills === 0 ? 'not running' : 'down';
    setText(field(`${name}-state`), kills > 0 ? `${state}, killed ${kills === 1 ? 'once' : `${kills} times`}` : state);
  }
}

/** @param {NonNullable<Feed['step']>} step */
const stepText = ({ kind, slots }) => (slots.length > 0 ? `${kind}, ${plural(slots.length, 'slot')}` : kind);

/**
 * @param {HTMLElement} list
 * @returns {(feed: Feed) => void}
 */
function shardList(list) {
  /** @typedef {{ id: string, slots: number, state: string }} Item */
  const show = keyedList(
    list,
    (/** @type {Item} */ { id }) => id,
    ({ id }) => {
      const row = make('li');
      row.dataset.testid = `shard-${id}`;
      const swatch = make('i', 'swatch');
      swatch.style.background = colourOf(id);
      const slots = make('span', 'muted');
      row.append(swatch, make('span', '', id), slots);
      return {
        row,
        update: (item) => setText(slots, `${plural(item.slots, 'slot')}${item.state}`),
      };
    },
  );
  return ({ shards, owners, goal }) => {
    /** @type {Map<string, number>} */
    const held = new Map();
    for (const { from, to, id } of owners) held.set(id, (held.get(id) ?? 0) + to - from + 1);
    const stateOf = (/** @type {string} */ id) =>
      goal === null ? '' : !goal.includes(id) ? ', leaving' : held.has(id) ? '' : ', joining';
    // An owner is listed whatever the list of shards says.
    const ids = [...new Set([...shards, ...held.keys()])];
    show(ids.map((id) => ({ id, slots: held.get(id) ?? 0, state: stateOf(id) })));
  };
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} said where a refusal is shown
 * @returns {(feed: Feed) => void}
 */
function actions(root, said) {
  /** @type {(route: string, body: unknown) => Promise<void>} */
  const post = async (route, body) => {
    setText(said, '');
    try {
      const answer = await fetch(route, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) setText(said, (await answer.json()).error ?? `The world answered ${answer.status}.`);
    } catch {
      setText(said, 'The world does not answer.');
    }
  };
  const all = /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll('button[data-live], button[data-kill]')]);
  for (const button of all) {
    const { live, kill } = button.dataset;
    button.addEventListener('click', () =>
      kill ? post('/api/kill', { process: kill }) : post('/api/shards', { action: live }),
    );
  }
  return (feed) => {
    for (const button of all) {
      const { live, kill } = button.dataset;
      button.disabled =
        live !== undefined
          ? feed.goal !== null || feed.phase === 'loading' || (live === 'remove' && feed.shards.length < 2)
          : !feed[kill === 'router' ? 'router' : 'mover'].up;
    }
  };
}
