/**
 * A generated part of a handwritten file: everything between `<!-- name -->` and `<!-- /name -->`.
 *
 * The markers stay, the part between them is replaced. A file that has only one of the two, has them in the wrong
 * order or twice is refused: guessing would overwrite prose.
 */
export function markers(name: string): { open: string; close: string } {
  return { open: `<!-- ${name} -->`, close: `<!-- /${name} -->` };
}

function bounds(text: string, name: string): { from: number; to: number } | undefined {
  const { open, close } = markers(name);
  const opens = text.split(open).length - 1;
  const closes = text.split(close).length - 1;
  if (opens === 0 && closes === 0) return undefined;
  const from = text.indexOf(open) + open.length;
  const to = text.indexOf(close);
  if (opens !== 1 || closes !== 1 || to < from) {
    throw new RangeError(`expected one ${open} followed by one ${close}; found ${opens} and ${closes}`);
  }
  return { from, to };
}

/**
 * What stands between the markers, without surrounding blank lines; undefined when the text has no such block.
 *
 * @throws {RangeError} when the markers are not one pair
 */
export function readBlock(text: string, name: string): string | undefined {
  const place = bounds(text, name);
  return place && text.slice(place.from, place.to).trim();
}

/**
 * The text with its block replaced; undefined when it has none. Replacing twice is replacing once.
 *
 * @throws {RangeError} when the markers are not one pair
 */
export function replaceBlock(text: string, name: string, content: string): string | undefined {
  const place = bounds(text, name);
  if (place === undefined) return undefined;
  const body = content.trim() === '' ? '\n' : `\n\n${content.trim()}\n\n`;
  return text.slice(0, place.from) + body + text.slice(place.to);
}
