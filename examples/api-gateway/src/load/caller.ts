/** One caller's request: who it says it is, how long it waits, and what became of it. */
import http, { type Agent } from 'node:http';
import { outcomeOf, type OutcomeName } from './outcomes.ts';

export interface Call {
  readonly port: number;
  readonly path: string;
  readonly user: string;
  readonly address: string;
  readonly deadlineMs: number;
  /** At the deadline; otherwise it waits for an answer that is of no use any more. */
  readonly hangsUp: boolean;
}

/** Waits no longer than this, whatever it was told. */
const patienceMs = 30_000;

export function call(agent: Agent, { port, path, user, address, deadlineMs, hangsUp }: Call): Promise<OutcomeName> {
  return new Promise((resolve) => {
    const beganMs = performance.now();
    let hasGivenUp = false;
    const headers = { 'x-user': user, 'x-forwarded-for': address };
    const request = http.get({ agent, host: '127.0.0.1', port, path, headers });
    const timer = setTimeout(
      () => {
        hasGivenUp = true;
        request.destroy();
      },
      hangsUp ? deadlineMs : patienceMs,
    );
    request.once('response', (response) => {
      response.resume();
      response.once('close', () => {
        clearTimeout(timer);
        if (!response.complete) resolve(hasGivenUp ? 'gaveUp' : 'failed');
        else resolve(outcomeOf(response.statusCode ?? 0, performance.now() - beganMs, deadlineMs));
      });
    });
    request.once('error', () => {
      clearTimeout(timer);
      resolve(hasGivenUp ? 'gaveUp' : 'failed');
    });
  });
}
