/**
 * Owners are wire format: two versions of this package that disagree are an outage. `golden.json` was written once and
 * may only ever change with a major version.
 */
import { describe, expect, it } from 'vitest';
import { goldenCases } from './golden-cases.ts';
import golden from './golden.json' with { type: 'json' };

describe('points, owners and fingerprint are those of the first version', () => {
  it.each([...goldenCases])('%s', (name, compute) => {
    expect(compute()).toEqual((golden as Record<string, unknown>)[name]);
  });

  it('for every frozen case', () => {
    expect(Object.keys(golden)).toEqual([...goldenCases.keys()]);
  });
});
