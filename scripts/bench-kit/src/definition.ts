/**
 * What a bench file says: which question it asks (the topic), over which inputs (the cases), and who answers
 * (the contenders, ours first).
 *
 * A contender is a function from a case to something measurable. It imports its library inside that function, so a
 * process that measures one contender never loads another: no shared shapes, no shared compiled code, no shared heap.
 * For the same reason a definition is only data and functions; importing a bench file runs nothing.
 *
 * Two kinds. `time` compares the time of one operation; only ratios ever leave the machine, because absolute times
 * are a property of the machine. `value` compares a number that each contender computes, such as bytes per key.
 */

/** One input of a bench: a name for the table and whatever data the contenders need. */
export interface BenchCase {
  readonly name: string;
}

/** A contender set up for one case, ready to be timed. */
export interface TimedContender {
  /** How many operations one call of `run` does; the time of a call is divided by it. */
  readonly operations: number;
  /**
   * Does the work, any number of times. Returns something that depends on the work, so that none of it can be
   * optimized away. It either always returns a promise or never does.
   */
  readonly run: () => unknown;
  /** Runs after measuring; throws if what was measured did not do its work. */
  readonly check?: () => unknown;
  readonly close?: () => unknown;
}

/** A contender that answered a case with a number. */
export interface CountedContender {
  readonly value: number;
  readonly check?: () => unknown;
  readonly close?: () => unknown;
}

interface Bench<C extends BenchCase, Setup> {
  /** Names the results file and the README markers: lower-case words joined by "-". */
  readonly topic: string;
  /** Heads the table. */
  readonly title: string;
  /** The contender whose figures are quoted elsewhere; one of `contenders`, not the first. */
  readonly rival: string;
  readonly cases: readonly C[];
  /** Ours first. The keys are the names in the table. */
  readonly contenders: Readonly<Record<string, (benchCase: C) => Setup | Promise<Setup>>>;
}

export interface TimeBench<C extends BenchCase> extends Bench<C, TimedContender> {
  readonly kind: 'time';
}

export interface ValueBench<C extends BenchCase> extends Bench<C, CountedContender> {
  readonly kind: 'value';
}

/** A definition that passed {@link defineBench}, as the kit handles it: the type of its cases no longer matters. */
export interface BenchDefinition {
  readonly topic: string;
  readonly title: string;
  readonly rival: string;
  readonly kind: 'time' | 'value';
  readonly cases: readonly BenchCase[];
  readonly contenders: ReadonlyMap<string, (benchCase: BenchCase) => unknown>;
}

/**
 * Checks a bench and makes it the default export of a `*.bench.ts` file.
 *
 * @throws {RangeError} when a name is malformed, repeated or missing; says what is allowed
 */
export function defineBench<C extends BenchCase>(bench: TimeBench<C> | ValueBench<C>): BenchDefinition {
  const { topic, title, rival, kind, cases } = bench;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(topic)) {
    throw new RangeError(`topic must be lower-case words joined by "-", as in "hit-ratio"; got "${topic}"`);
  }
  if (title.trim() === '' || title.includes('\n')) {
    throw new RangeError(`title of ${topic} must be one non-empty line; got ${JSON.stringify(title)}`);
  }
  const names = Object.keys(bench.contenders);
  if (names.length < 2) {
    throw new RangeError(`${topic} needs at least two contenders, ours first; got ${names.length}`);
  }
  if (names.indexOf(rival) < 1) {
    throw new RangeError(
      `rival of ${topic} must be a contender after the first, one of ${JSON.stringify(names.slice(1))}; got "${rival}"`,
    );
  }
  const caseNames = new Set(cases.map(({ name }) => name));
  if (cases.length === 0 || caseNames.size !== cases.length || caseNames.has('')) {
    throw new RangeError(`cases of ${topic} must be at least one, each with a name of its own`);
  }
  // The one place where the type of the cases is given up: a contender is only ever called with a case of this bench.
  const contenders = new Map(Object.entries(bench.contenders)) as unknown as BenchDefinition['contenders'];
  return { topic, title, rival, kind, cases, contenders };
}
