/**
 * Phrase frequency: how often, and how tightly, terms stand in the order asked for.
 *
 * Idea: shift the positions of term i back by its place in the phrase; an exact match is then a position all lists
 * share, and a loose one is a window over all lists. The spread of a window is its width; it matches if the spread
 * is at most the slop, and counts 1 / (1 + spread). Windows are made minimal by moving the earliest term on for as
 * long as it stays the earliest. Source: the sloppy phrase matcher of Lucene. Departure: a loose phrase (slop > 0)
 * must not repeat a term, because one occurrence could then be counted for two places; the query parser refuses it.
 */

/** Where a term stands in one document: positions[from .. to), each to be shifted back by `shift`. */
export interface Occurrences {
  from: number;
  to: number;
  readonly shift: number;
}

export function phraseFrequency(positions: Uint32Array, terms: readonly Occurrences[], slop: number): number {
  return slop === 0 ? exact(positions, terms) : loose(positions, terms, slop);
}

function exact(positions: Uint32Array, terms: readonly Occurrences[]): number {
  const [lead] = terms;
  if (lead === undefined) return 0;
  let frequency = 0;
  const at = terms.map(({ from }) => from);
  for (let p = lead.from; p < lead.to; p += 1) {
    const start = (positions[p] ?? 0) - lead.shift;
    let all = true;
    for (let i = 1; i < terms.length; i += 1) {
      const term = terms[i] ?? lead;
      const wanted = start + term.shift;
      let cursor = at[i] ?? 0;
      while (cursor < term.to && (positions[cursor] ?? 0) < wanted) cursor += 1;
      at[i] = cursor;
      if (cursor >= term.to) return frequency;
      if (positions[cursor] !== wanted) {
        all = false;
        break;
      }
    }
    if (all) frequency += 1;
  }
  return frequency;
}

function loose(positions: Uint32Array, terms: readonly Occurrences[], slop: number): number {
  const lists = terms.map(({ from, to, shift }) => Array.from(positions.subarray(from, to), (p) => p - shift));
  const cursor = lists.map(() => 0);
  const head = (i: number): number => lists[i]?.[cursor[i] ?? 0] ?? Infinity;
  let end = -Infinity;
  for (let i = 0; i < lists.length; i += 1) end = Math.max(end, head(i));
  let frequency = 0;
  while (end < Infinity) {
    let first = 0;
    for (let i = 1; i < lists.length; i += 1) if (head(i) < head(first)) first = i;
    let next = Infinity;
    for (let i = 0; i < lists.length; i += 1) if (i !== first) next = Math.min(next, head(i));
    // the earliest term moves on while it stays the earliest: the last such place gives the minimal window
    let spread = end - head(first);
    for (;;) {
      cursor[first] = (cursor[first] ?? 0) + 1;
      if (head(first) > next || head(first) === Infinity) break;
      spread = Math.min(spread, end - head(first));
    }
    if (spread <= slop) frequency += 1 / (1 + spread);
    end = Math.max(end, head(first));
  }
  return frequency;
}
