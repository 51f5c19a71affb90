import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastLoaded } from '../src/least-loaded.ts';
import { toNodes } from '../src/nodes.ts';

const nodes = toNodes(Array.from({ length: 8 }, (_, i) => `n${String(i)}`));

describe('leastLoaded', () => {
  it('is the first of the candidates that no other is below', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 8 }), (loads) => {
        const least = leastLoaded(nodes.slice(0, loads.length), (node) => loads[nodes.indexOf(node)]!);
        expect(least).toBe(nodes[loads.indexOf(Math.min(...loads))]);
      }),
    );
  });

  it('takes a load that is no number, or without end, only when there is no other', () => {
    const among = (...loads: number[]): string =>
      leastLoaded(nodes.slice(0, loads.length), (node) => loads[nodes.indexOf(node)]!).id;
    expect(among(NaN, 5, 3)).toBe('n2');
    expect(among(5, NaN, 7)).toBe('n0');
    expect(among(Infinity, NaN, 7)).toBe('n2');
    expect(among(NaN, NaN)).toBe('n0');
    expect(among(Infinity, Infinity)).toBe('n0');
  });

  it('asks for each load once', () => {
    const asked: string[] = [];
    leastLoaded(nodes, ({ id }) => asked.push(id));
    expect(asked).toEqual(nodes.map(({ id }) => id));
  });

  it('refuses to choose among none', () => {
    expect(() => leastLoaded([], () => 0)).toThrow(
      expect.objectContaining({ name: 'PlacementError', code: 'NO_NODES' }),
    );
  });
});
