/**
 * Tries packages as their users would and lists what fails, package by package.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readManifest } from '../workspace.ts';
import type { WorkspacePackage } from '../workspace.ts';
import { checkEntryTypes } from './check-types.ts';
import type { ParsedFiles } from './check-types.ts';
import { CommandError, installFromTarball, pack } from './install.ts';
import { optionalPeers, subpathsOf } from './subpaths.ts';
import { checkEntries, checkFirstExample } from './use.ts';

export interface Verdict {
  readonly name: string;
  /** How many entry points of code were tried. */
  readonly entries: number;
  readonly faults: readonly string[];
}

async function consumeOne(
  name: string,
  tarballs: ReadonlyMap<string, string>,
  folder: string,
  parsed: ParsedFiles,
): Promise<Verdict> {
  let entries = 0;
  try {
    const packageDir = installFromTarball(name, tarballs, folder);
    const manifest = readManifest(packageDir);
    const subpaths = subpathsOf(manifest);
    entries = subpaths.code.length;
    const faults = [
      ...checkEntries(folder, subpaths, optionalPeers(manifest)),
      ...checkEntryTypes(folder, subpaths.code, parsed),
      ...(await checkFirstExample(folder, packageDir)),
    ];
    return { name, entries, faults };
  } catch (error) {
    if (error instanceof CommandError || error instanceof RangeError) return { name, entries, faults: [error.message] };
    throw error;
  }
}

/**
 * Packs all packages, then installs and uses those whose name `chosen` accepts. `onVerdict` hears of each at once.
 *
 * @throws {CommandError} when a package cannot be packed
 */
export async function consume(
  packages: readonly WorkspacePackage[],
  chosen: (name: string) => boolean = () => true,
  onVerdict: (verdict: Verdict) => void = () => undefined,
): Promise<Verdict[]> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'consumer-')));
  try {
    const tarballs = new Map(packages.map((one) => [one.manifest.name, pack(one, path.join(folder, 'tarballs'))]));
    const parsed: ParsedFiles = new Map();
    const verdicts: Verdict[] = [];
    for (const name of [...tarballs.keys()].filter(chosen)) {
      const verdict = await consumeOne(name, tarballs, path.join(folder, String(verdicts.length)), parsed);
      verdicts.push(verdict);
      onVerdict(verdict);
    }
    return verdicts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
