/**
 * The entry points of a package as its users write them: every key of `exports`.
 *
 * A package without `exports`, or with a pattern in it, is refused: then its entry points cannot be listed, and a
 * test that claims to have tried them all would be wrong.
 */
import type { Manifest } from '../workspace.ts';

export interface Subpaths {
  /** Specifiers of code, as in "@loadbearing/saga" and "@loadbearing/saga/testing". */
  readonly code: readonly string[];
  /** Specifiers of JSON files. */
  readonly json: readonly string[];
}

/** @throws {RangeError} when the entry points cannot be listed */
export function subpathsOf({ name, exports }: Manifest): Subpaths {
  const keys = Object.keys(exports ?? {});
  if (!keys.includes('.')) throw new RangeError(`${name}: exports has no "."`);
  const odd = keys.find((key) => key.includes('*') || (key !== '.' && !key.startsWith('./')));
  if (odd !== undefined)
    throw new RangeError(`${name}: exports has "${odd}"; every entry point must be listed by name`);
  const specifiers = keys.map((key) => name + key.slice(1));
  const json = specifiers.filter((specifier) => specifier.endsWith('.json'));
  return { code: specifiers.filter((specifier) => !json.includes(specifier)), json };
}

/** Peers that may be absent. */
export function optionalPeers({ peerDependenciesMeta = {} }: Manifest): string[] {
  return Object.keys(peerDependenciesMeta).filter((peer) => peerDependenciesMeta[peer]?.optional === true);
}
