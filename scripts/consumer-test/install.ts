/**
 * Puts a package where its users have it: packed as it would be published, installed from that tarball alone into an
 * empty folder outside the repository.
 *
 * Only there do the mistakes show that the workspace hides: a file missing from `files`, a dependency that was never
 * declared, a path into src. Packages of the workspace that depend on each other are overridden with their tarballs;
 * everything happens offline, so a dependency that is not ours is a failure by itself.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { repositoryRoot, type WorkspacePackage } from '../workspace.ts';

/** A program that did not do its work; the message holds what it said. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw new CommandError(`could not run ${program}: ${error.message}`, { cause: error });
  if (status !== 0) throw new CommandError(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`.trim());
  return stdout;
}

/** pnpm as the workspace pins it: through npx, which has it from the install, as it need not be on the PATH. */
function pinnedPnpm(): string {
  const file = path.join(repositoryRoot, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly packageManager: string }).packageManager;
}

/** Packs a package with pnpm, which also turns `workspace:` ranges into versions. Returns the tarball. */
export function pack({ dir, manifest }: WorkspacePackage, into: string): string {
  mkdirSync(into, { recursive: true });
  run('npx', ['-y', pinnedPnpm(), 'pack', '--pack-destination', into], dir);
  return path.join(into, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
}

/**
 * Installs one tarball into an empty folder. `tarballs` holds those of all packages of the workspace by name.
 *
 * @returns where the package is installed
 */
export function installFromTarball(name: string, tarballs: ReadonlyMap<string, string>, folder: string): string {
  const specifier = (tarball: string): string => pathToFileURL(tarball).href.replace('file://', 'file:');
  const overrides = Object.fromEntries(
    [...tarballs].filter(([other]) => other !== name).map(([n, t]) => [n, specifier(t)]),
  );
  mkdirSync(folder, { recursive: true });
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { [name]: specifier(tarballs.get(name) ?? '') },
    overrides,
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  run('npm', ['install', '--offline', '--ignore-scripts', ...quiet], folder);
  return path.join(folder, 'node_modules', name);
}
