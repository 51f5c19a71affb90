/**
 * The temporary folder in which snippets live while they are checked and run.
 *
 * A snippet resolves packages by name, as its reader would. So each owner (the package, example or root whose page
 * it is) gets a folder with a node_modules of links: to everything that the owner has installed, and to every
 * published package of the workspace. Nothing is written inside the repository.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { publishedPackages } from '../workspace.ts';

/** Names of installed packages: the entries of a node_modules, scopes opened. */
function installed(nodeModules: string): string[] {
  if (!existsSync(nodeModules)) return [];
  return readdirSync(nodeModules)
    .filter((entry) => !entry.startsWith('.'))
    .flatMap((entry) =>
      entry.startsWith('@') ? readdirSync(path.join(nodeModules, entry)).map((name) => `${entry}/${name}`) : [entry],
    );
}

/** The nearest folder at or above the file that has a package.json; the root at the latest. */
export function ownerOf(root: string, file: string): string {
  let folder = path.dirname(file);
  while (folder !== root && !existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

export class Stage {
  readonly folder: string = realpathSync(mkdtempSync(path.join(tmpdir(), 'readme-')));
  readonly #root: string;
  readonly #owners = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The staged folder of an owner; made at the first call. */
  folderOf(owner: string): string {
    const known = this.#owners.get(owner);
    if (known !== undefined) return known;
    const folder = path.join(this.folder, String(this.#owners.size));
    const links = new Map<string, string>();
    for (const { dir, manifest } of publishedPackages(this.#root)) links.set(manifest.name, dir);
    const nodeModules = path.join(owner, 'node_modules');
    for (const name of installed(nodeModules)) links.set(name, realpathSync(path.join(nodeModules, name)));
    for (const [name, target] of links) {
      const link = path.join(folder, 'node_modules', name);
      mkdirSync(path.dirname(link), { recursive: true });
      symlinkSync(target, link, 'junction');
    }
    mkdirSync(path.join(folder, 'tmp'), { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    this.#owners.set(owner, folder);
    return folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
