/**
 * Imports a `*.bench.ts` file and takes its definition. Cheap: a definition imports no library by itself.
 */
import { pathToFileURL } from 'node:url';
import type { BenchDefinition } from './definition.ts';

export async function loadBench(file: string): Promise<BenchDefinition> {
  const module = (await import(pathToFileURL(file).href)) as { default?: BenchDefinition };
  if (!(module.default?.contenders instanceof Map)) {
    throw new TypeError(`${file} must export default defineBench({ ... })`);
  }
  return module.default;
}
