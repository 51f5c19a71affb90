/**
 * Uses an installed package in Node: every entry point through `import` and through `require`, and the README's first
 * example as an ES module and as CommonJS, each form alone in its process and then all in one.
 *
 * Both forms must export the same names from different files: if `require` reached the ES module, an older Node would
 * refuse what a newer one forgives. And both must live in one process, because an application's dependencies choose
 * their form each for itself.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { transform } from 'esbuild';
import { joinBlocks } from '../readme/module.ts';
import { markdownBlocks } from '../readme/snippets.ts';
import type { Subpaths } from './subpaths.ts';

/** What the probe found for one specifier. */
interface Probe {
  readonly specifier: string;
  readonly importError?: string;
  readonly requireError?: string;
  readonly importNames?: readonly string[];
  readonly requireNames?: readonly string[];
  readonly sameFile?: boolean;
}

// Runs inside the consumer's folder; plain JavaScript, because it is what a user would write.
const probe = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const names = (module) => Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports' && name !== '__esModule').sort();
const reason = (error) => (error instanceof Error ? error.message : String(error));
const found = [];
for (const specifier of JSON.parse(process.argv[2])) {
  const one = { specifier };
  try { one.importNames = names(await import(specifier)); } catch (error) { one.importError = reason(error); }
  try { one.requireNames = names(require(specifier)); } catch (error) { one.requireError = reason(error); }
  try { one.sameFile = import.meta.resolve(specifier) === (await import('node:url')).pathToFileURL(require.resolve(specifier)).href; } catch {}
  found.push(one);
}
process.stdout.write('\\n' + JSON.stringify(found));
`;

const limitMs = 60_000;

function node(args: readonly string[], cwd: string): { failure: string | undefined; stdout: string } {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    timeout: limitMs,
  });
  if (status === 0) return { failure: undefined, stdout };
  const end = signal ?? (status === 13 ? 'waited for something that cannot happen' : `ended with ${status ?? '?'}`);
  return { failure: `${end}\n${stderr}${stdout}`.trim(), stdout };
}

/** The faults of one probed specifier. A missing optional peer excuses it: then only its types can be tried. */
function judge(one: Probe, peers: readonly string[]): string[] {
  const missing = (error: string | undefined): boolean =>
    error !== undefined && peers.some((peer) => error.includes(`'${peer}'`) || error.includes(`'${peer}/`));
  const faults: string[] = [];
  if (one.importError !== undefined && !missing(one.importError)) faults.push(`import fails: ${one.importError}`);
  if (one.requireError !== undefined && !missing(one.requireError)) faults.push(`require fails: ${one.requireError}`);
  if (one.importNames !== undefined && one.requireNames !== undefined) {
    const [imported, required] = [one.importNames.join(' '), one.requireNames.join(' ')];
    if (imported !== required) faults.push(`import gives "${imported}", require gives "${required}"`);
    if (imported === '') faults.push('exports nothing');
    if (one.sameFile === true) faults.push('import and require reach one file; there is no CommonJS form');
  }
  return faults.map((fault) => `${one.specifier}: ${fault}`);
}

/** Imports and requires every specifier, all in one process. */
export function checkEntries(folder: string, { code, json }: Subpaths, peers: readonly string[]): string[] {
  writeFileSync(path.join(folder, 'probe.mjs'), probe);
  const { failure, stdout } = node(['probe.mjs', JSON.stringify(code)], folder);
  if (failure !== undefined) return [`importing and requiring every entry point: ${failure}`];
  const found = JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as Probe[];
  const resolved = json.flatMap((specifier) => {
    const tried = node(['-e', `JSON.stringify(require(${JSON.stringify(specifier)}))`], folder);
    return tried.failure === undefined ? [] : [`${specifier}: require fails: ${tried.failure}`];
  });
  return [...found.flatMap((one) => judge(one, peers)), ...resolved];
}

/** Runs the first ```ts block of the installed README as an ES module, as CommonJS, and both in one process. */
export async function checkFirstExample(folder: string, packageDir: string): Promise<string[]> {
  const [block] = markdownBlocks(readFileSync(path.join(packageDir, 'README.md'), 'utf8'));
  if (block === undefined) return ['README.md: no ts block to use the package with'];
  const { imports, body, code } = joinBlocks([block]);
  // Only a function may await in CommonJS.
  const wrapped = `${imports}\nexport const done = (async () => {\n${body}\n})();\n`;
  const common = { loader: 'ts', target: 'node20', tsconfigRaw: { compilerOptions: {} } } as const;
  writeFileSync(path.join(folder, 'use.mjs'), (await transform(code, { ...common, format: 'esm' })).code);
  writeFileSync(path.join(folder, 'use.cjs'), (await transform(wrapped, { ...common, format: 'cjs' })).code);
  writeFileSync(path.join(folder, 'both.mjs'), "await import('./use.mjs');\nawait (await import('./use.cjs')).done;\n");
  const uses = { 'use.mjs': 'as an ES module', 'use.cjs': 'as CommonJS', 'both.mjs': 'in both forms in one process' };
  return Object.entries(uses).flatMap(([file, how]) => {
    const { failure } = node([file], folder);
    return failure === undefined ? [] : [`first example of README.md ${how}: ${failure}`];
  });
}
