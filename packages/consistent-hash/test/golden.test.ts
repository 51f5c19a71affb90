/**
 * Owners are wire format: two versions of this package that disagree are an outage. What stands in `golden.json` was
 * written once and may only ever change with a major version.
 */
import { describe, expect, it } from 'vitest';
import { goldenCase, goldenInputs } from './golden-cases.ts';
import golden from './golden.json' with { type: 'json' };

describe('points, owners and fingerprint are those of the first version', () => {
  it.each(Object.entries(goldenInputs))('%s', (name, input) => {
    expect(goldenCase(input)).toEqual((golden as Record<string, unknown>)[name]);
  });

  it('for every frozen case', () => {
    expect(Object.keys(golden)).toEqual(Object.keys(goldenInputs));
  });
});
