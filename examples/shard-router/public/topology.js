/**
 * Who is in the cluster: pure changes of a list of nodes.
 *
 * A node that is down stays in the list, so that its zone can come back, but it is no part of any placement.
 */

/** @typedef {import('./lab-core.js').LabNode} LabNode */
/** @typedef {import('./lab-core.js').Change} Change */

export const ZONES = ['east', 'north', 'west'];
export const NODES_MAX = 12;
export const WEIGHT_MIN = 0.25;
export const WEIGHT_MAX = 8;

/**
 * @param {readonly LabNode[]} nodes
 * @returns {LabNode[]} those that are up
 */
export const upOf = (nodes) => nodes.filter((node) => node.up);

/**
 * @param {number} count
 * @returns {LabNode[]} that many nodes of weight 1, the zones taking turns
 */
export function firstNodes(count) {
  return Array.from({ length: count }, (_, i) => ({
    id: `node-${i + 1}`,
    zone: ZONES[i % ZONES.length],
    weight: 1,
    up: true,
  }));
}

/**
 * The nodes after a change, or undefined when the change makes no sense: the last node leaves, a weight beyond its
 * limits, a zone that is down already.
 *
 * @param {readonly LabNode[]} nodes
 * @param {Change} change
 * @returns {LabNode[] | undefined}
 */
export function changed(nodes, change) {
  switch (change.type) {
    case 'add':
      return nodes.length < NODES_MAX ? [...nodes, newcomer(nodes)] : undefined;
    case 'remove': {
      const rest = nodes.filter(({ id }) => id !== change.id);
      return rest.length < nodes.length && upOf(rest).length > 0 ? rest : undefined;
    }
    case 'reweight': {
      const found = nodes.find(({ id }) => id === change.id);
      const weight = (found?.weight ?? 0) * change.factor;
      if (!found || weight < WEIGHT_MIN || weight > WEIGHT_MAX) return undefined;
      return nodes.map((node) => (node === found ? { ...node, weight } : node));
    }
    case 'kill': {
      const after = nodes.map((node) => (node.zone === change.zone ? { ...node, up: false } : node));
      const left = upOf(after).length;
      return left > 0 && left < upOf(nodes).length ? after : undefined;
    }
    case 'revive': {
      const returns = (/** @type {LabNode} */ node) => node.zone === change.zone && !node.up;
      if (!nodes.some(returns)) return undefined;
      return nodes.map((node) => (returns(node) ? { ...node, up: true } : node));
    }
  }
}

/**
 * A new node in the zone that has the fewest, the lowest free number in its name.
 *
 * @param {readonly LabNode[]} nodes
 * @returns {LabNode}
 */
function newcomer(nodes) {
  const inZone = (/** @type {string} */ zone) => nodes.filter((node) => node.zone === zone).length;
  const open = ZONES.filter((zone) => nodes.every((node) => node.zone !== zone || node.up));
  const zone = (open.length > 0 ? open : ZONES).reduce((least, one) => (inZone(one) < inZone(least) ? one : least));
  let number = 1;
  while (nodes.some(({ id }) => id === `node-${number}`)) number++;
  return { id: `node-${number}`, zone, weight: 1, up: true };
}

/**
 * @param {Change} change
 * @param {readonly LabNode[]} after
 * @returns {string} the change in words
 */
export function titleOf(change, after) {
  switch (change.type) {
    case 'add': {
      const node = after[after.length - 1];
      return `${node.id} joined in ${node.zone}`;
    }
    case 'remove':
      return `${change.id} left`;
    case 'reweight':
      return `${change.id} now weighs ${after.find(({ id }) => id === change.id)?.weight}`;
    case 'kill':
      return `zone ${change.zone} went down`;
    case 'revive':
      return `zone ${change.zone} came back, empty`;
  }
}
