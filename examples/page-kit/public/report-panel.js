/** The report: one fold-out a section, with its table and its claims. A section is drawn once: it does not change. */
import { make, setText } from './dom.js';

/** @typedef {import('../src/report/claims.ts').Section} Section */
/** @typedef {{ sections: readonly Section[], phase: string, step: string }} Reported */

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Reported) => void}
 */
export function reportPanel(field) {
  const place = field('sections');
  let drawn = 0;
  return ({ sections, phase, step }) => {
    // After a restart of the server the report begins anew.
    if (sections.length < drawn) {
      place.replaceChildren();
      drawn = 0;
    }
    for (; drawn < sections.length; drawn++) place.append(sectionOf(sections[drawn], drawn + 1));
    const claims = sections.flatMap((section) => section.claims);
    const held = claims.filter(({ holds }) => holds).length;
    setText(field('held'), `${held} of ${claims.length} claims held`);
    setText(
      field('report-note'),
      phase === 'script'
        ? `The script is at it: ${step}.`
        : 'Each number is of this run, and each claim is checked against it.',
    );
  };
}

/**
 * @param {Section} section
 * @param {number} number
 */
function sectionOf({ title, lesson, head, rows, claims }, number) {
  const holds = claims.every((claim) => claim.holds);
  const details = make('details');
  details.dataset.testid = `section-${number}`;
  details.dataset.holds = String(holds);
  const summary = make('summary');
  summary.append(
    make('span', holds ? 'mark good' : 'mark bad', holds ? '✓' : '✗'),
    make('span', '', `${number}. ${title}`),
  );
  const table = make('table', 'numbers');
  const headRow = make('tr');
  for (const [i, text] of head.entries()) headRow.append(make('th', i === 0 ? '' : 'num', text));
  const thead = make('thead');
  thead.append(headRow);
  const body = make('tbody');
  for (const cells of rows) {
    const row = make('tr');
    for (const [i, text] of cells.entries()) row.append(make(i === 0 ? 'th' : 'td', i === 0 ? '' : 'num', text));
    body.append(row);
  }
  table.append(thead, body);
  const scroll = make('div', 'scroll');
  scroll.append(table);
  const list = make('ul', 'claims');
  for (const claim of claims) {
    const item = make('li');
    item.append(
      make('span', claim.holds ? 'mark good' : 'mark bad', claim.holds ? '✓' : '✗'),
      make('span', '', claim.what),
      make('b', 'num', claim.measured),
      make('span', 'muted', claim.allowed),
    );
    list.append(item);
  }
  details.append(summary, make('p', 'lesson', lesson), scroll, list);
  return details;
}
