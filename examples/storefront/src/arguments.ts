/** The arguments of `npm start`, checked: a wrong one is named, with the value given and what is allowed. Pure. */
import path from 'node:path';
import { parseArgs } from 'node:util';

export interface Arguments {
  readonly port: number;
  readonly dataDir: string;
  readonly nodeModules: string;
}

const portDefault = 4600;

export const usage = 'Usage: npm start -- [--port <n>] [--data <folder>] [--packages <node_modules>]';

/** `portOfEnvironment` counts when `--port` is not given; `here` is the folder of the example. Throws with one line. */
export function readArguments(args: readonly string[], portOfEnvironment: string | undefined, here: string): Arguments {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      port: { type: 'string', default: portOfEnvironment ?? String(portDefault) },
      data: { type: 'string', default: path.join(here, 'data') },
      packages: { type: 'string', default: path.join(here, '..', '..', 'node_modules') },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new RangeError(`--port must be a whole number from 0 to 65535; got "${values.port}"`);
  }
  for (const name of ['data', 'packages'] as const) {
    // An empty path would be the current folder.
    if (values[name] === '') throw new RangeError(`--${name} must name a folder; got ""`);
  }
  return { port, dataDir: path.resolve(values.data), nodeModules: path.resolve(values.packages) };
}
