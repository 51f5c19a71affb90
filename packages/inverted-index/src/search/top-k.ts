/**
 * The k best of a stream: a binary heap whose root is the worst kept.
 *
 * Invariant: `better` is a total order (score descending, then document ascending), so the result does not depend on
 * the order of arrival. O(log k) for a candidate that enters, O(1) for one that does not.
 */
export interface Candidate {
  readonly doc: number;
  readonly score: number;
}

export function better(a: Candidate, b: Candidate): boolean {
  return a.score > b.score || (a.score === b.score && a.doc < b.doc);
}

export class TopK {
  readonly #k: number;
  readonly #heap: Candidate[] = [];

  constructor(k: number) {
    this.#k = k;
  }

  offer(doc: number, score: number): void {
    const heap = this.#heap;
    const full = heap.length >= this.#k;
    const worst = heap[0];
    // most candidates end here, so none of them is made an object
    if (full && (worst === undefined || score < worst.score || (score === worst.score && doc > worst.doc))) return;
    const entry = { doc, score };
    if (!full) {
      let at = heap.push(entry) - 1;
      while (at > 0) {
        const up = (at - 1) >> 1;
        const parent = heap[up];
        if (parent === undefined || !better(parent, entry)) break;
        heap[at] = parent;
        at = up;
      }
      heap[at] = entry;
      return;
    }
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = heap[down];
      if (child === undefined) break;
      const right = heap[down + 1];
      if (right !== undefined && better(child, right)) {
        down += 1;
        child = right;
      }
      if (!better(entry, child)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = entry;
  }

  /** Best first. */
  ranked(): readonly Candidate[] {
    return this.#heap.toSorted((a, b) => (better(a, b) ? -1 : 1));
  }
}
