/**
 * W-TinyLFU once more, over plain arrays and exact counts: what the real one is checked against.
 *
 * Instead of a sketch each id has its own counter, capped at 15 and halved with all others; instead of linked lists there are
 * arrays. What differs from the real one is therefore only what the sketch errs.
 */
import type { ReferencePolicy } from './reference-policies.ts';

export function referenceWTinyLfu(max: number, windowRatio: number = 0.01): ReferencePolicy {
  const windowMax = Math.max(1, Math.round(windowRatio * max));
  const protectedMax = Math.floor(0.8 * (max - windowMax));
  // Oldest first.
  const window: number[] = [];
  const probation: number[] = [];
  const protectedOnes: number[] = [];
  const uses = new Map<number, number>();
  let additions = 0;

  const count = (id: number): void => {
    uses.set(id, Math.min(15, (uses.get(id) ?? 0) + 1));
    if (++additions < 10 * max) return;
    additions >>= 1;
    for (const [known, n] of uses) {
      if (n > 1) uses.set(known, n >> 1);
      else uses.delete(known);
    }
  };
  const take = (from: number[], id: number): boolean => {
    const at = from.indexOf(id);
    if (at >= 0) from.splice(at, 1);
    return at >= 0;
  };
  const touch = (id: number): boolean => {
    if (take(window, id)) {
      window.push(id);
      return true;
    }
    if (!take(protectedOnes, id) && !take(probation, id)) return false;
    protectedOnes.push(id);
    if (protectedOnes.length > protectedMax) probation.push(protectedOnes.shift() as number);
    return true;
  };
  const makeRoom = (): void => {
    const main = probation.length > 0 ? probation : protectedOnes;
    if (main.length === 0) {
      window.shift();
      return;
    }
    const candidate = window.shift() as number;
    if ((uses.get(candidate) ?? 0) <= (uses.get(main[0] as number) ?? 0)) return;
    main.shift();
    probation.push(candidate);
  };
  return {
    name: 'w-tinylfu',
    request(id) {
      if (touch(id)) {
        count(id);
        return true;
      }
      if (window.length + probation.length + protectedOnes.length === max) makeRoom();
      count(id);
      window.push(id);
      if (window.length > windowMax) probation.push(window.shift() as number);
      return false;
    },
  };
}
