#!/usr/bin/env node
/**
 * The one door to every root command: `npm start`, `npm test`, `pnpm build` and the rest end here.
 *
 * A fresh clone has Node, npm and git and nothing else, so each command first makes sure that the workspace is
 * installed with exactly the pinned pnpm, and skips that when nothing changed since the last time: the stamp in
 * node_modules holds a digest of the lockfile and of the Node version it was installed under. Then it runs the
 * command's steps, with pnpm reached through npx so that nothing has to be installed globally. (Corepack is not used:
 * older Node lines ship one whose signature check rejects current releases.)
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const pnpmVersion = manifest.packageManager.split('@')[1];
const stampFile = path.join(root, 'node_modules', '.cache', 'loadbearing', 'install.json');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`loadbearing needs Node 20.19 or newer; this is ${process.version}.\n`);
  process.exit(1);
}

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };

/** Runs a program with the terminal attached, in the root folder by default; ends this process with its code if it fails. */
function run(program, args, cwd = root) {
  const shell = process.platform === 'win32';
  const { status, signal, error } = spawnSync(program, args, { cwd, stdio: 'inherit', env, shell });
  if (error) {
    process.stderr.write(`Could not run ${program}: ${error.message}\n`);
    process.exit(1);
  }
  if (signal) process.exit(signal === 'SIGINT' ? 130 : 1);
  if (status !== 0) process.exit(status ?? 1);
}

/** pnpm as pinned: the one that is running us when it is that one, otherwise through npx. */
function pnpm(args) {
  if ((process.env.npm_config_user_agent ?? '').startsWith(`pnpm/${pnpmVersion} `)) run('pnpm', args);
  else run('npx', ['-y', `pnpm@${pnpmVersion}`, ...args]);
}

function installDigest() {
  const hash = createHash('sha256').update(`${process.versions.modules} ${process.platform} ${process.arch}\n`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

function install() {
  const digest = installDigest();
  if (existsSync(stampFile) && JSON.parse(readFileSync(stampFile, 'utf8')).digest === digest) return;
  process.stdout.write('Installing the workspace (only when the lockfile changed) ...\n');
  pnpm(['install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn']);
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ digest }));
}

const turbo = (task, ...args) =>
  pnpm(['exec', 'turbo', 'run', task, '--output-logs=errors-only', '--log-prefix=none', ...args]);
const build = () => turbo('build', '--filter=./packages/*');

/** What each command does after the install; `rest` is what the caller wrote behind the command's name. */
const commands = {
  start: (rest) => {
    build();
    // `npm start shard-router` is another example; without a name it is the storefront.
    const named = rest[0] !== undefined && existsSync(path.join(root, 'examples', rest[0], 'package.json'));
    const [example, args] = named ? [rest[0], rest.slice(1)] : ['storefront', rest];
    // tsx is started without pnpm between us: signals reach the demo, and its exit code is ours.
    run('node', ['--import', 'tsx', 'src/main.ts', ...args], path.join(root, 'examples', example));
  },
  test: (rest) => {
    build();
    pnpm(['exec', 'vitest', 'run', ...rest]);
  },
  build: (rest) => turbo('build', ...rest),
  typecheck: (rest) => turbo('typecheck', ...rest),
  lint: (rest) => {
    build();
    pnpm(['exec', 'eslint', '--max-warnings=0', '.', ...rest]);
    pnpm(['exec', 'prettier', '--check', '--log-level=warn', '.']);
  },
  format: () => pnpm(['exec', 'prettier', '--write', '--log-level=warn', '.']),
  check: (rest) => {
    turbo('check', ...rest);
    pnpm(['exec', 'knip', '--no-config-hints']);
    pnpm(['exec', 'sherif']);
  },
  bench: (rest) => {
    build();
    pnpm(['--filter', './packages/*/bench', '--workspace-concurrency=1', 'run', 'bench', ...rest]);
  },
  e2e: (rest) => {
    build();
    // One at a time: they measure delays, and a browser takes all of a small machine.
    pnpm(['--workspace-concurrency', '1', '--filter', './examples/*', 'run', 'e2e', ...rest]);
  },
  readme: (rest) => {
    build();
    pnpm(['--filter', '@loadbearing/scripts', 'run', 'readme', ...rest]);
  },
  'consumer-test': (rest) => {
    build();
    pnpm(['--filter', '@loadbearing/scripts', 'run', 'consumer-test', ...rest]);
  },
  'node-matrix': (rest) => pnpm(['--filter', '@loadbearing/scripts', 'run', 'node-matrix', ...rest]),
  'new-package': (rest) => pnpm(['--filter', '@loadbearing/scripts', 'run', 'new-package', ...rest]),
};

const [name = '', ...rest] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`Unknown command "${name}". There are: ${Object.keys(commands).join(', ')}.\n`);
  process.exit(2);
}
install();
command(rest);
