/** The arguments of `npm start api-gateway`, checked: a wrong one is named, with what was given and what is allowed. */
import { parseArgs } from 'node:util';
import { wholeNumber } from '@loadbearing-examples/page-kit/arguments.ts';

export interface Arguments {
  readonly port: number;
  /** The script alone, its verdict as the exit code; no page. */
  readonly once: boolean;
  readonly quick: boolean;
  /** With a redis-server of our own, where it is installed. */
  readonly real: boolean;
  readonly seed: number;
}

export const portDefault = 8100;
export const command = 'npm start api-gateway --';
export const usage = `Usage: ${command} [--port <n>] [--once] [--quick] [--real] [--seed <n>]`;

/** `seedDefault` counts when `--seed` is not given. Throws with one line. */
export function readArguments(args: readonly string[], seedDefault: number): Arguments {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      port: { type: 'string', default: String(portDefault) },
      once: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      real: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(seedDefault) },
    },
  });
  const { once, quick, real } = values;
  return {
    port: wholeNumber('port', values.port, 65_535),
    once,
    quick,
    real,
    seed: wholeNumber('seed', values.seed, 0xffffffff),
  };
}
