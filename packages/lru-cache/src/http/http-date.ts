/**
 * Dates of HTTP (RFC 9110, 5.6.7): the fixed format that all must send, and two obsolete ones that all must read.
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
 *     Sunday, 06-Nov-94 08:49:37 GMT     RFC 850: a year more than 50 ahead of now is the last that ended so
 *     Sun Nov  6 08:49:37 1994           asctime, always UTC
 *
 * Letters match in any case (RFC 9111, 4.2). Everything else is undefined, not a guess: `Date.parse` would take "0"
 * for the year 2000 and a foreign zone at its word, and an `Expires` it misreads keeps a response alive.
 */
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)';
const FORMAT = new RegExp(
  `^(?:[a-z]{3}, (\\d\\d) ([a-z]{3}) (\\d{4}) ${TIME} gmt|[a-z]{6,9}, (\\d\\d)-([a-z]{3})-(\\d\\d) ${TIME} gmt|[a-z]{3} ([a-z]{3}) ([ \\d]\\d) ${TIME} (\\d{4}))$`,
  'i',
);

/** Milliseconds since the epoch; undefined when it is no date. `wallNow` tells the century of a two-digit year. */
export function parseHttpDate(text: string, wallNow: number): number | undefined {
  const match = FORMAT.exec(text);
  if (match === null) return undefined;
  // Each alternative fills its own groups; together they leave one date of six parts in order.
  const parts = match.slice(1).filter((part) => part as string | undefined) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (match[13] !== undefined) {
    const [month, day, hours, minutes, seconds, year] = parts;
    return utc(year, month, day, hours, minutes, seconds);
  }
  const [day, month, year, hours, minutes, seconds] = parts;
  if (match[7] === undefined) return utc(year, month, day, hours, minutes, seconds);
  const now = new Date(wallNow).getUTCFullYear();
  let full = now - (now % 100) + Number(year);
  // The one of a hundred years that ends fifty after now. Counted in calendar years: a few months do not matter.
  if (full > now + 50) full -= 100;
  else if (full <= now - 50) full += 100;
  return utc(String(full), month, day, hours, minutes, seconds);
}

function utc(
  year: string,
  month: string,
  day: string,
  hours: string,
  minutes: string,
  seconds: string,
): number | undefined {
  const at = MONTHS.indexOf(month.toLowerCase());
  if (at < 0 || at % 3 !== 0) return undefined;
  const [y, d, h, m, s] = [year, day, hours, minutes, seconds].map(Number) as [number, number, number, number, number];
  // A leap second is the one before it: earlier, if anything, never later.
  if (h > 23 || m > 59 || s > 60) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(y, at / 3, d);
  if (date.getUTCDate() !== d) return undefined;
  return date.setUTCHours(h, m, Math.min(s, 59));
}
