/**
 * The committed results of a topic: `results/<topic>.json` in the bench folder.
 *
 * It holds ratios, values and what is needed to read them (rounds, major version of Node, number of CPUs), and nothing
 * that belongs to one machine: no times, no names, no paths, no date. It is the only source of the README's table, so
 * the table can be rendered again and compared without measuring again.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BenchDefinition } from './definition.ts';

/** `time`: the rival's time over ours. `value`: the contender's number. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface BenchResults {
  readonly topic: string;
  readonly title: string;
  readonly kind: 'time' | 'value';
  readonly rival: string;
  readonly contenders: readonly string[];
  readonly rounds: number;
  readonly node: number;
  readonly cpus: number;
  readonly cases: readonly { readonly name: string; readonly figures: Readonly<Record<string, Figure>> }[];
}

const fileOf = (benchDir: string, topic: string): string => path.join(benchDir, 'results', `${topic}.json`);

export function writeResults(benchDir: string, results: BenchResults): void {
  mkdirSync(path.join(benchDir, 'results'), { recursive: true });
  writeFileSync(fileOf(benchDir, results.topic), `${JSON.stringify(results, null, 2)}\n`);
}

/** The results of one topic, or undefined when it was never measured. */
export function readResults(benchDir: string, topic: string): BenchResults | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(benchDir, topic), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text) as BenchResults;
}

/** All results below a bench folder, by topic. */
export function allResults(benchDir: string): BenchResults[] {
  let files: string[];
  try {
    files = readdirSync(path.join(benchDir, 'results'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return files
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => readResults(benchDir, path.basename(file, '.json')) ?? []);
}

/** Whether the results answer the question that the bench file asks today. */
export function answers(results: BenchResults, definition: BenchDefinition): boolean {
  const asked = [
    definition.topic,
    definition.title,
    definition.kind,
    definition.rival,
    [...definition.contenders.keys()],
    definition.cases.map(({ name }) => name),
  ];
  const answered = [
    results.topic,
    results.title,
    results.kind,
    results.rival,
    results.contenders,
    results.cases.map(({ name }) => name),
  ];
  return JSON.stringify(asked) === JSON.stringify(answered);
}
