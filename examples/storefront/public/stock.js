/** Stock: the ring, what each shard holds, and what the last change of shards cost. */
import { fieldsOf, keyedList, make, panel, setText } from './dom.js';
import { count, NONE, percent, plural } from './format.js';
import { command, request } from './http.js';
import { colourOf, keepColours } from './palette.js';
import { ringPicture } from './ring.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */
/** @typedef {import('../src/live-state.ts').RingArcs} RingArcs */
/** @typedef {import('../src/live-state.ts').ShardView} ShardView */
/** @typedef {import('../src/live-state.ts').ShelfChange} ShelfChange */

/** @returns {(state: LiveState) => void} */
export function stockPanel() {
  const field = fieldsOf(panel('stock'));
  const picture = ringPicture(field('ring'));
  const rows = keyedList(
    field('shards'),
    (/** @type {ShardView} */ shard) => shard.id,
    (shard) => shardRow(shard, picture.point),
  );
  let asked = '';

  /** @param {string} fingerprint */
  const askForArcs = async (fingerprint) => {
    asked = fingerprint;
    /** @type {import('./http.js').Outcome<RingArcs>} */
    const answer = await request('GET', '/api/ring');
    // Refused or lost: the next state asks again.
    if (!answer.ok) asked = '';
    else {
      picture.draw(answer.value);
      setText(field('ring-caption'), `${plural(answer.value.arcs.length, 'arc')} of the hash space`);
    }
  };

  return ({ ring }) => {
    keepColours(ring.shards.map((shard) => shard.id));
    rows(ring.shards);
    if (ring.fingerprint !== asked) void askForArcs(ring.fingerprint);
    showChange(field, ring);
  };
}

/**
 * @param {ShardView} shard
 * @param {(shard: string | null) => void} point
 */
function shardRow({ id }, point) {
  const row = make('tr');
  row.style.setProperty('--shard', colourOf(id));
  const name = make('th', 'shard', id);
  name.setAttribute('scope', 'row');
  const share = make('td', 'num share');
  const shareBar = make('i', 'share-bar');
  const shareText = make('span');
  share.append(shareBar, shareText);
  const products = make('td', 'num');
  const onHand = make('td', 'num');
  const sold = make('td', 'num');
  const last = make('td', 'act');
  const remove = make('button', 'icon', '×');
  remove.setAttribute('type', 'button');
  remove.setAttribute('aria-label', `Remove ${id}`);
  remove.title = `Remove ${id}: its products move to the others`;
  remove.dataset.testid = `remove-shard-${id}`;
  remove.addEventListener('click', () => void command('DELETE', `/api/admin/shards/${encodeURIComponent(id)}`));
  last.append(remove);
  row.append(name, share, products, onHand, sold, last);
  row.addEventListener('pointerenter', () => point(id));
  row.addEventListener('pointerleave', () => point(null));
  return {
    row,
    update: (/** @type {ShardView} */ shard) => {
      // Half of the space fills the cell: what stands beside the other shards is the difference between them.
      shareBar.style.width = `${Math.min(100, shard.share * 200)}%`;
      setText(shareText, percent(shard.share));
      setText(products, count(shard.products));
      setText(onHand, count(shard.onHandUnits));
      setText(sold, count(shard.soldUnits));
    },
  };
}

/**
 * @param {(name: string) => HTMLElement} field
 * @param {LiveState['ring']} ring
 */
function showChange(field, { moving, lastChange }) {
  field('change-bars').classList.toggle('none', lastChange === null);
  setText(field('change-text'), changeText(moving, lastChange));
  /**
   * @param {string} name
   * @param {number | undefined} share
   */
  const bar = (name, share) => {
    field(`bar-${name}`).style.width = `${Math.min(1, share ?? 0) * 100}%`;
    setText(field(`value-${name}`), share === undefined ? NONE : percent(share));
  };
  bar('moved', lastChange?.shareMoved);
  bar('ideal', lastChange?.shareIdeal);
  bar('modulo', lastChange ? lastChange.productsMovedByModulo / Math.max(1, lastChange.productsTotal) : undefined);
}

/**
 * @param {LiveState['ring']['moving']} moving
 * @param {ShelfChange | null} change
 */
function changeText(moving, change) {
  if (moving) return `Moving products to their new shard: ${count(moving.done)} of ${count(moving.total)}`;
  return change ? sentence(change) : 'No shard was added or removed since the start.';
}

/** @param {ShelfChange} change */
function sentence({ kind, shard, productsMoved, productsTotal, productsMovedByModulo }) {
  return (
    `${kind === 'add' ? 'Added' : 'Removed'} ${shard}: ${count(productsMoved)} of ${plural(productsTotal, 'product')} moved; ` +
    `hash % n would have moved ${count(productsMovedByModulo)}.`
  );
}
