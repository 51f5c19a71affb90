/**
 * What a script needs of each algorithm: its functions again, in Lua, as text that is put in line.
 *
 * The n-th limit of a limiter owns the Lua variables whose names end in n: constants that the script reads from its
 * arguments once, and words that it reads from the key's value for each operation. A piece of text may use those and
 * what the script around it declares: `now`, `cost`, `arg`, `delayed` (how long the operation waits), `last` (newest
 * promised start), and it answers in `wait`, `left`, `full` or `newest`. It is a statement list without `local`s at its
 * outermost level, so that it can stand in several places.
 *
 * Every line computes what the file of the same name below `algorithms/` does, with the same operations in the same
 * order on the same doubles. A differential test holds the two together. Two words are Lua's own trouble: `..` prints 14
 * digits, so numbers become text by `'%.0f'`, and `%` is `fmod`, so remainders are `x - q * U`.
 */
export interface Fragment {
  /** Names of the constants, in the order of `Limit.constants`. */
  readonly constants: readonly string[];
  /** Names of the words in the key's value. All zeros (no value) means full quota. */
  readonly words: readonly string[];
  /** Whether it has a quota to report. */
  readonly counts: boolean;
  /** The variable that names a list of its own, if it keeps one. */
  readonly list?: string;
  /** Runs after the words are read. */
  readonly load?: string;
  /** `wait` = milliseconds until `cost` fits, math.huge = never. */
  readonly delay: string;
  /** Spends `cost` at `now + delayed`. */
  readonly charge?: string;
  /** `newest` = newest time at which a unit was promised to start. */
  readonly newest?: string;
  /** Gives back what a charge of `cost` at `arg` still contributes. */
  readonly credit?: string;
  /** Refuses the key for `arg` ms from now. */
  readonly block?: string;
  /** `left` = whole units left now. */
  readonly remaining: string;
  /** `full` = milliseconds until full quota. */
  readonly reset: string;
}
