/** What became of requests, as their callers see it. */
export const outcomes = ['ok', 'late', 'limited', 'shed', 'gaveUp', 'failed'] as const;
/**
 * 'ok': answered in time. 'late': answered, and too late to be of use. 'limited': 429. 'shed': 503. 'gaveUp': the caller
 * hung up at its deadline. 'failed': anything else.
 */
export type OutcomeName = (typeof outcomes)[number];

export type Tally = Record<OutcomeName, number>;

export const noOutcomes = (): Tally => ({ ok: 0, late: 0, limited: 0, shed: 0, gaveUp: 0, failed: 0 });

export function outcomeOf(status: number, tookMs: number, deadlineMs: number): OutcomeName {
  if (status === 429) return 'limited';
  if (status === 503) return 'shed';
  if (status !== 200) return 'failed';
  return tookMs <= deadlineMs ? 'ok' : 'late';
}

export const sum = (tally: Tally): number => outcomes.reduce((total, name) => total + tally[name], 0);
