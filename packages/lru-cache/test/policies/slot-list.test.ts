import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotLists } from '../../src/policies/slot-list.ts';

const nightly = process.env['NIGHTLY'] === '1';

describe('lists of slots', () => {
  it('keep the order of an array each, through growth', () => {
    const lists = fc.constantFrom(1, 2, 3);
    const step = fc.tuple(fc.constantFrom('move', 'move', 'remove', 'clear', 'renew', 'renew'), fc.nat(60), fc.nat(2));
    fc.assert(
      fc.property(lists, fc.array(step, { maxLength: 200, size: 'max' }), (count, steps) => {
        const real = new SlotLists(count);
        /** Oldest first. */
        const model: number[][] = Array.from({ length: count }, () => []);
        let slots = 4;
        real.grow(slots);
        for (const [what, n, l] of steps) {
          const slot = n + 1;
          const list = l % count;
          while (slots < slot) real.grow((slots *= 2));
          const at = model.findIndex((row) => row.includes(slot));
          const row = model[at];
          if (what === 'clear' && n === 0) {
            real.clear();
            for (const each of model) each.length = 0;
          } else if (what === 'renew' && row !== undefined) {
            real.renew(at, slot);
            row.push(...row.splice(row.indexOf(slot), 1));
          } else if (what === 'move' || what === 'remove') {
            if (row !== undefined) {
              real.remove(at, slot);
              row.splice(row.indexOf(slot), 1);
            }
            if (what === 'move') {
              real.push(list, slot);
              model[list]?.push(slot);
            }
          }
        }
        model.forEach((expected, list) => {
          expect(real.size(list)).toBe(expected.length);
          const up: number[] = [];
          for (let slot = real.oldest(list); slot !== 0; slot = real.newer(slot)) up.push(slot);
          expect(up).toEqual(expected);
          // The other links, by what they are for: taking out from the newest end leaves the rest in order.
          for (const slot of expected.toReversed()) {
            real.remove(list, slot);
            expect(real.oldest(list)).toBe(real.size(list) === 0 ? 0 : expected[0]);
          }
        });
      }),
      { numRuns: nightly ? 20_000 : 300 },
    );
  });
});
