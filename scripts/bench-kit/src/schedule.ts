/**
 * Who is measured when.
 *
 * A machine drifts: it heats up, a neighbour wakes, memory fragments. If all rounds of one contender came first, the
 * drift would be read as a difference between contenders. So rounds are interleaved, each contender once a round,
 * and the order rotates by one place from round to round, so that no contender is always measured first or always
 * right after the same other. Over as many rounds as there are contenders everyone has held every place once.
 */

/** The order of the contenders in each round. */
export function schedule(contenders: readonly string[], rounds: number): string[][] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = round % contenders.length;
    return [...contenders.slice(first), ...contenders.slice(0, first)];
  });
}
