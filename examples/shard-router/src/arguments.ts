/** The arguments of `npm start`, checked: a wrong one is named, with the value given and what is allowed. Pure. */
import { parseArgs } from 'node:util';
import { wholeNumber } from '@loadbearing-examples/page-kit/arguments.ts';

export interface Arguments {
  readonly port: number;
  /** Serve the page; off with `--no-page`. */
  readonly page: boolean;
  /** End after the script, with its verdict as the exit code. */
  readonly once: boolean;
  readonly quick: boolean;
  /** 'auto': Redis where it is found, else memory. */
  readonly engine: 'auto' | 'memory' | 'redis';
  readonly seed: number;
}

export const portDefault = 8080;
export const command = 'npm start shard-router --';
export const usage = `Usage: ${command} [--port <n>] [--no-page] [--once] [--quick] [--engine memory|redis] [--seed <n>]`;

const engines = ['memory', 'redis'] as const;

/** `seedDefault` counts when `--seed` is not given. Throws with one line. */
export function readArguments(args: readonly string[], seedDefault: number): Arguments {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      port: { type: 'string', default: String(portDefault) },
      'no-page': { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      engine: { type: 'string', default: 'auto' },
      seed: { type: 'string', default: String(seedDefault) },
    },
  });
  const engine = values.engine === 'auto' ? 'auto' : engines.find((name) => name === values.engine);
  if (engine === undefined) throw new RangeError(`--engine must be memory or redis; got "${values.engine}"`);
  return {
    port: wholeNumber('port', values.port, 65_535),
    page: !values['no-page'],
    // Without a page there is nothing to stay for.
    once: values.once || values['no-page'],
    quick: values.quick,
    engine,
    seed: wholeNumber('seed', values.seed, 0xffffffff),
  };
}
