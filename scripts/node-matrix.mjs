/**
 * The command `pnpm node-matrix`: runs the tests and the consumer test under every Node that is supported.
 *
 *   pnpm node-matrix                          all versions
 *   pnpm node-matrix --only 22                one line
 *   pnpm node-matrix --only 22 -- npm test    another command, run in the root folder
 *
 * The versions are installed from npm as platform packages into node_modules/.cache, once. A command runs with that
 * Node first on the PATH, so whatever it starts runs on it too. Exact versions: a matrix that moves by itself cannot
 * be compared with yesterday's. Plain JavaScript, so that the oldest Node can start it without a loader.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);

/** The last of each line that is tested; 20 is the floor in `engines` and past its end of life. */
export const versions = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'];

/** What runs without `--`: the tests as `npm test` runs them after building, and the consumer test. */
const defaultCommands = [
  ['node', path.join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run'],
  ['node', path.join(root, 'scripts', 'run.mjs'), 'consumer-test'],
];

/**
 * The npm package that holds Node for a platform.
 *
 * @param {string} platform as in process.platform
 * @param {string} arch as in process.arch
 * @returns {string}
 */
export function platformPackage(platform, arch) {
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/**
 * The versions that `--only` asks for.
 *
 * @param {string | undefined} only a line ("22") or a version ("22.23.3")
 * @returns {string[]}
 * @throws {RangeError} when none is meant
 */
export function chosenVersions(only) {
  const chosen = versions.filter((version) => only === undefined || version === only || version.split('.')[0] === only);
  if (chosen.length === 0)
    throw new RangeError(`--only must be one of ${versions.join(', ')} or its line; got "${only}"`);
  return chosen;
}

/**
 * Installs one version if it is not there, and checks that it is what it says.
 *
 * @param {string} version
 * @returns {string} the folder of its `node`
 */
function installNode(version) {
  const name = platformPackage(process.platform, process.arch);
  const folder = path.join(root, 'node_modules', '.cache', 'node-matrix', version);
  const bin = path.join(folder, 'node_modules', name, 'bin');
  const program = path.join(bin, process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    const { status, stderr, error } = spawnSync('npm', ['install', ...flags, `${name}@${version}`], {
      cwd: folder,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (status !== 0) throw new Error(`could not install ${name}@${version}: ${error?.message ?? stderr}`);
  }
  const said = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout?.trim();
  if (said !== `v${version}`) throw new Error(`${name}@${version} calls itself "${said ?? ''}"`);
  return bin;
}

/**
 * Runs commands under versions, one after the other, and says one line for each version.
 *
 * @param {{
 *   versions: readonly string[],
 *   commands: readonly (readonly string[])[],
 *   binOf: (version: string) => string,
 *   cwd: string,
 *   say: (line: string) => void,
 *   stdio: 'inherit' | 'ignore',
 * }} options `binOf` gives the folder that holds a version's `node`
 * @returns {number} how many versions failed
 */
export function runMatrix({ versions: asked, commands, binOf, cwd, say, stdio }) {
  let failed = 0;
  /** @type {string[]} */ const lines = [];
  for (const version of asked) {
    /** @type {string | undefined} */ let reason;
    try {
      const PATH = `${binOf(version)}${path.delimiter}${process.env['PATH'] ?? ''}`;
      for (const [program = '', ...args] of commands) {
        const { status, signal, error } = spawnSync(program, args, {
          cwd,
          stdio,
          env: { ...process.env, PATH },
          shell: process.platform === 'win32',
        });
        if (status === 0) continue;
        reason = `${path.basename(program)} ${args.map((arg) => path.basename(arg)).join(' ')}: ${error?.message ?? signal ?? `code ${status}`}`;
        break;
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (reason !== undefined) failed++;
    lines.push(reason === undefined ? `ok     Node ${version}` : `FAILED Node ${version}: ${reason}`);
  }
  // Together at the end, where they are seen behind all that the commands wrote.
  for (const line of lines) say(line);
  return failed;
}

/**
 * Splits what stands before the command from the command.
 *
 * @param {readonly string[]} args
 * @returns {{ only: string | undefined, command: string[] }}
 */
export function readArguments(args) {
  const at = args.indexOf('--');
  const own = at < 0 ? args : args.slice(0, at);
  const { values } = parseArgs({ args: [...own], options: { only: { type: 'string' } } });
  return { only: values.only, command: at < 0 ? [] : args.slice(at + 1) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { only, command } = readArguments(process.argv.slice(2));
    const asked = chosenVersions(only);
    // The tests import what is built; it is built once, by the Node that runs this.
    if (command.length === 0) {
      const { status } = spawnSync('node', [path.join(here, 'run.mjs'), 'build'], { cwd: root, stdio: 'inherit' });
      if (status !== 0) throw new Error('the build failed');
    }
    const commands = command.length === 0 ? defaultCommands : [command];
    const say = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
    const failed = runMatrix({ versions: asked, commands, binOf: installNode, cwd: root, say, stdio: 'inherit' });
    process.exitCode = failed === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`node-matrix: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
