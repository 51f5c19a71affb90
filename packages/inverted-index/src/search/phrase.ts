/**
 * Phrase frequency: how often, and how tightly, terms stand in the order asked for.
 *
 * Idea: shift the positions of term i back by its place in the phrase; an exact match is then a position all lists
 * share, and a loose one is a window over all lists. The spread of a window is its width; it matches if the spread
 * is at most the slop, and counts 1 / (1 + spread). Windows are made minimal by moving the earliest term on for as
 * long as it stays the earliest. Source: the sloppy phrase matcher of Lucene. Departure: a loose phrase (slop > 0)
 * must not repeat a term, because one occurrence could then be counted for two places; the query parser refuses it.
 */
export function phraseFrequency(lists: readonly (readonly number[])[], slop: number): number {
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
