/** What the database holds: items with a version, in one table. */
export interface Item {
  readonly id: number;
  readonly version: number;
  readonly text: string;
}

export const itemCount = 2000;

export const padding = 'All work and no cache makes the database a dull place. ';

/** Nearly a kilobyte: a page cache has something to save, and a reader something to look at. */
export const itemText = (id: number, version: number): string =>
  `Item ${id}, version ${version}. `.padEnd(900, padding);
