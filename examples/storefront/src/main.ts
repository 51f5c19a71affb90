/**
 * `npm start`: opens the shop, prints where it is and what to try, and closes in order on Ctrl-C.
 *
 * Whatever keeps it from starting is one line that says what to do, and an exit code: 2 for a wrong argument, 1 for
 * everything else.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { advice } from './advice.ts';
import { readArguments, usage, type Arguments } from './arguments.ts';
import { serve, type Server } from './http/server.ts';
import { openShop, type Shop } from './shop.ts';
import { welcome } from './terminal.ts';

const here = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<void> {
  let given: Arguments;
  try {
    given = readArguments(process.argv.slice(2), process.env['PORT'], here);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(`${usage}\n`);
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
