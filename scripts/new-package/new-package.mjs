/**
 * Creates a package with the agreed anatomy, so that all packages have one shape and a reader of one knows them all.
 *
 *   pnpm new-package <name> --description "..." --rival <npm package>@<exact version>
 *
 * It copies template/ and fills in the four words that differ. It writes only files that are not there yet: run
 * again on an existing package it adds what the template has gained since, and says what it left alone.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const template = path.join(here, 'template');

/**
 * @param {string} folder
 * @returns {string[]} paths of all files below it, relative to it
 */
function filesBelow(folder) {
  return readdirSync(folder).flatMap((entry) => {
    const full = path.join(folder, entry);
    return statSync(full).isDirectory() ? filesBelow(full).map((file) => path.join(entry, file)) : [entry];
  });
}

/**
 * Writes the anatomy into `<packagesDir>/<name>`.
 *
 * @param {{ name: string, description: string, rival: string, packagesDir: string }} options
 * @returns {{ written: string[], kept: string[] }} relative paths
 * @throws {RangeError} when a word is missing or malformed; says what is allowed
 */
export function newPackage({ name, description, rival, packagesDir }) {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new RangeError(`name must be lower-case words joined by "-", as in "lru-cache"; got "${name}"`);
  }
  if (description.trim() === '' || /["\\\n]/.test(description)) {
    throw new RangeError('description must be one non-empty line without quotes or backslashes');
  }
  const at = rival.lastIndexOf('@');
  const rivalName = rival.slice(0, at);
  const rivalVersion = rival.slice(at + 1);
  if (at < 1 || !/^\d+\.\d+\.\d+/.test(rivalVersion)) {
    throw new RangeError(`rival must be <npm package>@<exact version>, as in "lru-cache@11.5.3"; got "${rival}"`);
  }
  /** @type {Record<string, string>} */
  const words = { name, description, rival: `${rivalName} ${rivalVersion}`, rivalName, rivalVersion };
  const target = path.join(packagesDir, name);
  /** @type {string[]} */ const written = [];
  /** @type {string[]} */ const kept = [];
  for (const file of filesBelow(template)) {
    const to = path.join(target, file);
    if (existsSync(to)) {
      kept.push(file);
      continue;
    }
    const text = readFileSync(path.join(template, file), 'utf8');
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(
      to,
      text.replace(/\{\{(\w+)\}\}/g, (whole, word) => words[word] ?? whole),
    );
    written.push(file);
  }
  return { written, kept };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { description: { type: 'string', default: '' }, rival: { type: 'string', default: '' } },
  });
  try {
    const packagesDir = path.join(here, '..', '..', 'packages');
    const { written, kept } = newPackage({ name: positionals[0] ?? '', ...values, packagesDir });
    process.stdout.write(
      `packages/${positionals[0] ?? ''}: ${written.length} files written, ${kept.length} left as they were\n`,
    );
    process.stdout.write('Next: pnpm install, then write src/index.ts and its tests.\n');
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}
