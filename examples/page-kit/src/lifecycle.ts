/**
 * The life of an example's main process: it ends in order, once, and with an exit code that says why.
 *
 * 0: as intended; 1: something broke, and one line says what; 130: Ctrl-C. A second Ctrl-C does not wait.
 */
import process from 'node:process';

export interface Lifecycle {
  /** Closes and ends the process; only the first call counts. */
  end(code: number): void;
  /** Says what broke, then ends with 1. */
  fatal(error: unknown): void;
  readonly isEnding: boolean;
}

export function lifecycle(close: () => Promise<void>, advice: (error: unknown) => string): Lifecycle {
  let isEnding = false;
  const end = (code: number): void => {
    if (isEnding) return;
    isEnding = true;
    void close().finally(() => process.exit(code));
  };
  const fatal = (error: unknown): void => {
    if (isEnding) return;
    process.stderr.write(`${advice(error)}\n`);
    end(1);
  };
  const interrupt = (): void => {
    if (isEnding) process.exit(130);
    end(130);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  return {
    end,
    fatal,
    get isEnding() {
      return isEnding;
    },
  };
}
