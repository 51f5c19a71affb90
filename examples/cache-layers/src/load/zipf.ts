/** Which item is read: popular ones more often (Zipf). Pure and seeded. */
export interface Zipf {
  /** 1..items. O(log items). */
  next(): number;
}

/** O(items) once. The rank-r item is r * stride mod items, so that popular items are not neighbours. */
export function zipf(items: number, exponent: number, random: () => number): Zipf {
  const cumulative = new Float64Array(items);
  let sum = 0;
  for (let rank = 0; rank < items; rank++) cumulative[rank] = sum += (rank + 1) ** -exponent;
  const stride = items % 7919 === 0 ? 7907 : 7919;
  return { next: () => ((firstAbove(cumulative, random() * sum) * stride) % items) + 1 };
}

function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
