/** What the page is told, five times a second: the whole state, so that a page that missed some is right again. */
import type { Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { OutcomeName } from './load/outcomes.ts';

/** One second of the last minute, as the callers saw it. */
export interface Second {
  readonly rates: Readonly<Record<OutcomeName, number>>;
  /** The concurrency limit at its end; null = none. */
  readonly limit: number | null;
  readonly p99Ms: number | null;
  /** What happened in it: 'breaker-open', 'breaker-closed'. */
  readonly marks: readonly string[];
}

export interface Feed {
  readonly phase: 'script' | 'open' | 'failed';
  /** What the script is at. */
  readonly step: string;
  readonly store: string;
  readonly capacityPerSecond: number;
  readonly controls: Controls;
  readonly inFlight: number;
  readonly waiting: number;
  readonly breaker: string;
  readonly doorsP99Ms: number | null;
  /** Of the greedy user: let in, and refused, in the last second. */
  readonly greedy: { readonly admitted: number; readonly refused: number };
  readonly history: readonly Second[];
  readonly sections: readonly Section[];
}

/** What the buttons have set. */
export interface Controls {
  /** Of what the upstream can answer. */
  readonly times: number;
  readonly bounded: boolean;
  readonly hung: boolean;
  readonly greedy: boolean;
  readonly retries: boolean;
}
