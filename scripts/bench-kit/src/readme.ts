/**
 * The README's side of a topic: putting its table in, and telling whether the table that is there is still true.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { BenchDefinition } from './definition.ts';
import { readBlock, replaceBlock } from './marked-block.ts';
import { answers, readResults } from './results.ts';
import type { BenchResults } from './results.ts';
import { renderTable } from './table.ts';

const blockName = (topic: string): string => `bench:${topic}`;

/** Writes the table of a topic; false when the README has no place for it. */
export async function writeTable(readmeFile: string, results: BenchResults): Promise<boolean> {
  const before = readFileSync(readmeFile, 'utf8');
  const after = replaceBlock(before, blockName(results.topic), await renderTable(results));
  if (after === undefined) return false;
  if (after !== before) writeFileSync(readmeFile, after);
  return true;
}

/** What is wrong with the committed table of a bench, or undefined when nothing is. Measures nothing. */
export async function staleness(
  readmeFile: string,
  benchDir: string,
  definition: BenchDefinition,
): Promise<string | undefined> {
  const { topic } = definition;
  const block = readBlock(readFileSync(readmeFile, 'utf8'), blockName(topic));
  const results = readResults(benchDir, topic);
  if (block === undefined) return `${topic}: the README has no <!-- ${blockName(topic)} --> block`;
  if (results === undefined) return block === '' ? undefined : `${topic}: a table without results/${topic}.json`;
  if (!answers(results, definition))
    return `${topic}: results/${topic}.json answers another question than the bench asks`;
  return block === (await renderTable(results))
    ? undefined
    : `${topic}: the README's table is not its results' rendering`;
}
