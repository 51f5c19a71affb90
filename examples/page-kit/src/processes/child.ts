/**
 * What every child process does first: read its setup, and live no longer than the main process.
 *
 * Ctrl-C reaches all processes of a terminal; a child leaves it to the main process, which ends its children in order.
 */
import process from 'node:process';

/** What a child says over IPC: where it listens. Everything else goes over sockets (wire/json-lines.ts). */
export type FromChild =
  | { readonly type: 'ready'; readonly controlPort: number; readonly httpPort: number; readonly engine: string }
  | { readonly type: 'gave-up'; readonly message: string; readonly code: string };

/** Of the type that the main process gave it for this child. */
export function setup(): unknown {
  process.on('disconnect', () => process.exit(0));
  // The main process may have ended while this one was starting; nobody says so any more.
  if (!process.connected) process.exit(0);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  return JSON.parse(process.argv[2] ?? '');
}

export function tell(message: FromChild): void {
  // A line that is cut between two messages is no error of ours: 'disconnect' follows.
  if (process.connected) process.send!(message, () => undefined);
}

/**
 * Milliseconds of the machine's monotonic clock. All processes of one machine read the same, so a moment here can be
 * compared with a moment there; `performance.now()` begins anew in each process.
 */
export const machineNow = (): number => Number(process.hrtime.bigint()) / 1e6;
