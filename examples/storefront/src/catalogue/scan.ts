/**
 * The catalogue: the packages that are installed on this machine, as products.
 *
 * Real input that every reader has, and different for each: names, descriptions, keywords, licences and READMEs that
 * nobody wrote for a demo. Looks into `node_modules` and, where pnpm made it, into its store, which holds the
 * dependencies of dependencies too. Of a package in several versions the newest is sold.
 *
 * Nothing of it is trusted: a manifest that is no JSON or has a number for a name is passed over, and files, folders,
 * packages, and the bytes of manifests and READMEs have bounds.
 */
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import semver from 'semver';

export const packagesMax = 5000;
const readmeBytesMax = 256 * 1024;
const manifestBytesMax = 256 * 1024;
/** Files and folders that are looked at for the size of one package. */
const entriesMax = 20_000;
const nameCharsMax = 214;
const versionCharsMax = 64;

export interface Product {
  /** The package's name. */
  readonly sku: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly dir: string;
  /** What the shop asks: a cent for each KiB installed, between 1 and 500 dollars. */
  readonly priceCents: number;
  readonly sizeBytes: number;
}

/** Folders that may hold a package: `a` and `@scope/a` below each `node_modules`. */
async function packageDirs(nodeModules: string): Promise<string[]> {
  const below = async (dir: string): Promise<string[]> => {
    try {
      return (await readdir(dir)).map((name) => path.join(dir, name));
    } catch {
      return [];
    }
  };
  const store = path.join(nodeModules, '.pnpm');
  const roots = [nodeModules, ...(await below(store)).map((dir) => path.join(dir, 'node_modules'))];
  const found: string[] = [];
  for (const root of roots) {
    for (const dir of await below(root)) {
      const name = path.basename(dir);
      if (name.startsWith('@')) found.push(...(await below(dir)));
      else if (!name.startsWith('.')) found.push(dir);
      if (found.length > 8 * packagesMax) return found;
    }
  }
  return found;
}

const text = (value: unknown, charsMax: number): string =>
  typeof value === 'string' ? value.replaceAll(/\s+/g, ' ').trim().slice(0, charsMax) : '';

/** The manifest as a product without size; undefined when this is no package to sell. */
export function readManifest(json: string, dir: string): Omit<Product, 'sizeBytes' | 'priceCents'> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const manifest = parsed as Record<string, unknown>;
  // One more than allowed: a name that is cut is another package's.
  const sku = text(manifest['name'], nameCharsMax + 1);
  const version = text(manifest['version'], versionCharsMax + 1);
  if (sku.length > nameCharsMax || version.length > versionCharsMax) return undefined;
  if (!/^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/i.test(sku) || semver.valid(version) === null) {
    return undefined;
  }
  const { keywords, license } = manifest;
  return {
    sku,
    version,
    description: text(manifest['description'], 500),
    keywords: (Array.isArray(keywords) ? keywords : [])
      .map((word) => text(word, 40))
      .filter(Boolean)
      .slice(0, 20),
    license:
      text(typeof license === 'object' && license !== null ? (license as { type?: unknown }).type : license, 60) ||
      'unknown',
    dir,
  };
}

/** Bytes of all files of a package, without the packages inside it. */
async function sizeOf(dir: string): Promise<number> {
  let bytes = 0;
  let entriesSeen = 0;
  const pending = [dir];
  for (let next = pending.pop(); next !== undefined && entriesSeen < entriesMax; next = pending.pop()) {
    let entries;
    try {
      entries = await readdir(next, { withFileTypes: true });
    } catch {
      continue;
    }
    entriesSeen += entries.length;
    const sizes = entries.map(async (entry): Promise<number> => {
      const full = path.join(next, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') pending.push(full);
      if (!entry.isFile()) return 0;
      return (await stat(full).catch(() => undefined))?.size ?? 0;
    });
    for (const size of await Promise.all(sizes)) bytes += size;
  }
  return bytes;
}

export const priceOf = (sizeBytes: number): number => Math.min(50_000, Math.max(100, Math.round(sizeBytes / 1024)));

/** Finds what there is to sell below a `node_modules`, ordered by name. `onProgress` hears how many were looked at. */
export async function scanCatalogue(nodeModules: string, onProgress: (done: number) => void): Promise<Product[]> {
  const newest = new Map<string, Omit<Product, 'sizeBytes' | 'priceCents'>>();
  for (const dir of await packageDirs(nodeModules)) {
    const json = await readStart(path.join(dir, 'package.json'), manifestBytesMax);
    // One that was cut is no JSON any more.
    const product = json === undefined ? undefined : readManifest(json, dir);
    if (product === undefined) continue;
    const known = newest.get(product.sku);
    if (known === undefined ? newest.size < packagesMax : semver.gt(product.version, known.version)) {
      newest.set(product.sku, product);
    }
  }
  const products: Product[] = [];
  for (const product of [...newest.values()].sort((a, b) => (a.sku < b.sku ? -1 : 1))) {
    const sizeBytes = await sizeOf(product.dir);
    products.push({ ...product, sizeBytes, priceCents: priceOf(sizeBytes) });
    onProgress(products.length);
  }
  return products;
}

/** The README of a package as it is installed; empty when it has none. At most 256 KiB of it. */
export async function readReadme(dir: string): Promise<string> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names.filter((file) => /^readme(\.(md|markdown|txt))?$/i.test(file))) {
    const readme = await readStart(path.join(dir, name), readmeBytesMax);
    if (readme !== undefined) return readme;
  }
  return '';
}

/** The beginning of a file; undefined for what is no file: a pipe would never end. */
async function readStart(file: string, bytesMax: number): Promise<string | undefined> {
  try {
    const found = await stat(file);
    if (!found.isFile()) return undefined;
    const handle = await open(file, 'r');
    try {
      const bytes = new Uint8Array(Math.min(found.size, bytesMax));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return new TextDecoder().decode(bytes.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
