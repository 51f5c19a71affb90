/**
 * `npm start`: opens the shop, prints where it is and what to try, and closes in order on Ctrl-C.
 *
 * Whatever keeps it from starting is one line that says what to do, and an exit code: 2 for a wrong argument, 1 for
 * everything else.
 */
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { advice } from './advice.ts';
import { serve, type Server } from './http/server.ts';
import { openShop, type Shop } from './shop.ts';
import { welcome } from './terminal.ts';

const portDefault = 4600;
const here = fileURLToPath(new URL('..', import.meta.url));

interface Arguments {
  readonly port: number;
  readonly dataDir: string;
  readonly nodeModules: string;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      port: { type: 'string', default: process.env['PORT'] ?? String(portDefault) },
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

async function main(): Promise<void> {
  let given: Arguments;
  try {
    given = readArguments();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write('Usage: npm start -- [--port <n>] [--data <folder>] [--packages <node_modules>]\n');
    process.exitCode = 2;
    return;
  }
  const fatal = (error: unknown): never => {
    process.stderr.write(`${advice(error, given)}\n`);
    process.exit(1);
  };
  let shop: Shop | undefined;
  let server: Server | undefined;
  const { progress, ready } = welcome(process.stdout);
  try {
    shop = await openShop({ ...given, onProgress: progress, onFatal: fatal });
    server = await serve(shop, given.port);
  } catch (error) {
    await shop?.close().catch(() => undefined);
    fatal(error);
  }
  ready(server!.url, given.dataDir, shop!);

  let closing = false;
  const close = (): void => {
    // A second Ctrl-C does not wait.
    if (closing) process.exit(130);
    closing = true;
    void Promise.resolve(server?.close())
      .then(() => shop?.close())
      .then(() => process.exit(0), fatal);
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}

await main();
