/**
 * Where a trace comes from: a file, standard input (`-`) or a generator.
 *
 * A file is read as a stream and unpacked when its first bytes say gzip, whatever it is called.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Trace } from '../simulate/replay.ts';
import { type TraceFormat, TraceReader } from '../simulate/trace-reader.ts';

/** Rejects with what the file system, gzip or the format has against it. */
export async function readTrace(path: string, format: TraceFormat, stdin: Readable): Promise<Trace> {
  const reader = new TraceReader(format);
  // The stream is made last: one that fails before anybody reads it has nobody to tell.
  const packed = path !== '-' && (await isGzip(path));
  const bytes = path === '-' ? stdin : createReadStream(path);
  const read = async (text: AsyncIterable<string>): Promise<void> => {
    for await (const piece of text) reader.write(piece);
  };
  // A pipeline hears the errors of all its parts, whichever fails first.
  if (packed) await pipeline(bytes, createGunzip().setEncoding('utf8'), read);
  else await pipeline(bytes.setEncoding('utf8'), read);
  return reader.end(path === '-' ? 'standard input' : basename(path));
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
