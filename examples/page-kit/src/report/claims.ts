/** What a demonstration found: numbers for a reader, and claims that hold or do not. Pure. */
export interface Claim {
  readonly what: string;
  readonly measured: string;
  readonly allowed: string;
  readonly holds: boolean;
}

export interface Section {
  readonly title: string;
  /** What one learns from it, in a sentence or two. */
  readonly lesson: string;
  /** Of equal length; the first is the name of the row. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly claims: readonly Claim[];
}

export const isPassed = (sections: readonly Section[]): boolean =>
  sections.every(({ claims }) => claims.every(({ holds }) => holds));

export function atMost(what: string, measured: number, most: number, show: (n: number) => string = count): Claim {
  return { what, measured: show(measured), allowed: `<= ${show(most)}`, holds: measured <= most };
}

export function atLeast(what: string, measured: number, least: number, show: (n: number) => string = count): Claim {
  return { what, measured: show(measured), allowed: `>= ${show(least)}`, holds: measured >= least };
}

export function exactly(what: string, measured: number, wanted: number): Claim {
  return { what, measured: count(measured), allowed: count(wanted), holds: measured === wanted };
}

export function moreThan(what: string, measured: number, less: number, show: (n: number) => string = count): Claim {
  return { what, measured: show(measured), allowed: `> ${show(less)}`, holds: measured > less };
}

export const count = (n: number): string => n.toLocaleString('en-US', { maximumFractionDigits: 0 });
export const oneDigit = (n: number): string => n.toLocaleString('en-US', { maximumFractionDigits: 1 });
export const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`;
export const millis = (ms: number): string => `${ms.toFixed(0)} ms`;
