#!/usr/bin/env node
/** The command line: `npx @loadbearing/lru-cache simulate <trace>`. */
import { main } from './simulate.ts';

// A reader who has seen enough (`| head`) closes the pipe: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  color: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
});
