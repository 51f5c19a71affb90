/**
 * Runs one staged module in a Node process of its own and translates what it says back to the original.
 *
 * The compiler has already removed the types and left a source map. Every place in the output that names the module
 * is replaced by the page and line where that code stands, so a failure reads as if the page itself had been run.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import type { SourceMapPayload } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

export interface Run {
  /** Why it failed; undefined when it ended by itself with code 0. */
  readonly failure: string | undefined;
  /** All it wrote. */
  readonly output: string;
}

const outputMax = 100_000;

/** Runs a module until it ends or the limit passes. */
export function runModule(file: string, tmp: string, limitMs: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], {
      cwd: path.dirname(file),
      env: { ...process.env, TMPDIR: tmp, TEMP: tmp, TMP: tmp, NO_COLOR: '1', FORCE_COLOR: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let late = false;
    const take = (chunk: Buffer): void => {
      if (output.length < outputMax) output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const limit = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      // 13: the event loop ran empty while the module still waited at a top-level await.
      const ended = code === 13 ? 'waited for something that cannot happen' : `ended with ${signal ?? code ?? '?'}`;
      const failure = late ? `did not end within ${limitMs} ms` : code === 0 ? undefined : ended;
      resolve({ failure, output });
    });
  });
}

/** A place in the original. */
export interface Place {
  readonly name: string;
  readonly line: number;
}

/**
 * Replaces every mention of the compiled file by the place in the original; also tells the first such place.
 *
 * @param lines for each line of the source that was compiled, the line of the original
 */
export function translate(
  output: string,
  file: string,
  name: string,
  lines: readonly number[],
): { output: string; first: Place | undefined } {
  const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload);
  let first: Place | undefined;
  const escaped = [pathToFileURL(file).href, file].map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const mention = new RegExp(`(?:${escaped.join('|')})(?::(\\d+)(?::(\\d+))?)?`, 'g');
  const translated = output.replace(mention, (_, line?: string, column?: string) => {
    if (line === undefined) return name;
    // Without a column the last mapping of the line is meant: any column behind its end.
    const entry = map.findEntry(Number(line) - 1, column === undefined ? 1e6 : Number(column) - 1);
    const original = 'originalLine' in entry ? lines[entry.originalLine] : undefined;
    if (original === undefined) return name;
    first ??= { name, line: original };
    return `${name}:${original}`;
  });
  return { output: translated, first };
}
