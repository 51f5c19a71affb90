/**
 * The workspace as these tools see it: a root folder, and below packages/ the packages that are published.
 *
 * Every tool takes the root as a parameter, so that its tests run on a small workspace of their own.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot: string = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The part of a package.json that matters here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface WorkspacePackage {
  readonly dir: string;
  readonly manifest: Manifest;
}

export function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) as Manifest;
}

/** The packages below packages/ that are not private, by folder name. */
export function publishedPackages(root: string): WorkspacePackage[] {
  const home = path.join(root, 'packages');
  if (!existsSync(home)) return [];
  return readdirSync(home)
    .sort()
    .map((name) => path.join(home, name))
    .filter((dir) => existsSync(path.join(dir, 'package.json')))
    .map((dir) => ({ dir, manifest: readManifest(dir) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** A path as people write it in messages: relative to the root, with "/". */
export function shown(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/');
}
