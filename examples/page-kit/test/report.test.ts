/** The report: what a claim is, and how a section reads on a terminal. */
import { describe, expect, test } from 'vitest';
import { atLeast, atMost, exactly, isPassed, moreThan } from '../src/report/claims.ts';
import { render } from '../src/report/render.ts';

describe('the report', () => {
  test('a claim holds or does not, at its very edge', () => {
    expect([atMost('x', 2, 2), atMost('x', 3, 2)].map(({ holds }) => holds)).toEqual([true, false]);
    expect([atLeast('x', 2, 2), atLeast('x', 1, 2)].map(({ holds }) => holds)).toEqual([true, false]);
    expect([moreThan('x', 3, 2), moreThan('x', 2, 2)].map(({ holds }) => holds)).toEqual([true, false]);
    expect([exactly('x', 2, 2), exactly('x', 1, 2)].map(({ holds }) => holds)).toEqual([true, false]);
  });

  test('one claim that fails fails all, and is marked', () => {
    const section = {
      title: 'Title',
      lesson: 'Lesson.',
      head: ['', 'n'],
      rows: [['row', '1']],
      claims: [exactly('a', 1, 1)],
    };
    expect(isPassed([section])).toBe(true);
    const failing = { ...section, claims: [exactly('a', 1, 1), exactly('b', 1, 2)] };
    expect(isPassed([section, failing])).toBe(false);
    expect(render(failing, 4)).toMatch(
      /^\n4\. Title\n {3}Lesson\.\n\n {8}n\n {3}row {2}1\n\n {3}ok {6}a {2}1 {2}\(1\)\n {3}FAILED {2}b {2}1 {2}\(2\)$/,
    );
  });
});
