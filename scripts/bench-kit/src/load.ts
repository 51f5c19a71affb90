/**
 * Imports `*.bench.ts` files and takes their definitions. Cheap: a definition imports no library by itself.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BenchDefinition } from './definition.ts';

export async function loadBench(file: string): Promise<BenchDefinition> {
  const module = (await import(pathToFileURL(file).href)) as { default?: BenchDefinition };
  if (!(module.default?.contenders instanceof Map)) {
    throw new TypeError(`${file} must export default defineBench({ ... })`);
  }
  return module.default;
}

/**
 * The benches of a folder by file, in the order of their names.
 *
 * @throws {RangeError} when a file is not named after its topic
 */
export async function loadBenches(folder: string): Promise<Map<string, BenchDefinition>> {
  const benches = new Map<string, BenchDefinition>();
  const names = readdirSync(folder).filter((name) => name.endsWith('.bench.ts'));
  for (const name of names.sort()) {
    const file = path.join(folder, name);
    const definition = await loadBench(file);
    if (path.basename(name, '.bench.ts') !== definition.topic) {
      throw new RangeError(`${name} holds the topic "${definition.topic}"; the file is to be named after it`);
    }
    benches.set(file, definition);
  }
  return benches;
}
