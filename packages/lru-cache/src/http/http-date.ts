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

type Six = [string, string, string, string, string, string];

/** Milliseconds since the epoch; undefined when it is no date. `wallNow` tells the century of a two-digit year. */
export function parseHttpDate(text: string, wallNow: number): number | undefined {
  const match = FORMAT.exec(text);
  if (match === null) return undefined;
  // Each alternative fills its own groups; together they leave one date of six parts in order.
  const parts = match.slice(1).filter((part) => part as string | undefined) as Six;
  const [day, month, year, hours, minutes, seconds]: Six =
    match[13] === undefined ? parts : [parts[1], parts[0], parts[5], parts[2], parts[3], parts[4]];
  const at = MONTHS.indexOf(month.toLowerCase());
  // A leap second is the one before it: earlier, if anything, never later.
  if (at < 0 || at % 3 !== 0 || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(match[7] === undefined ? Number(year) : inCentury(Number(year), wallNow), at / 3, Number(day));
  if (date.getUTCDate() !== Number(day)) return undefined;
  return date.setUTCHours(Number(hours), Number(minutes), Math.min(Number(seconds), 59));
}

/** The year that ends in these two digits, of the hundred that end fifty after now. In calendar years: months do not matter. */
function inCentury(year: number, wallNow: number): number {
  const now = new Date(wallNow).getUTCFullYear();
  const full = now - (now % 100) + year;
  return full > now + 50 ? full - 100 : full <= now - 50 ? full + 100 : full;
}
