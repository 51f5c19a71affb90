/**
 * The child process: one contender, one case, one sample, then it ends.
 *
 * Arguments: bench file, contender, case, effort. The answer goes to the parent over the IPC channel; whatever a
 * library prints stays out of it. The process ends itself after answering, so a library's open handle delays nobody.
 */
import process from 'node:process';
import type { CountedContender, TimedContender } from './definition.ts';
import { loadBench } from './load.ts';
import { quick, sample, thorough } from './measure.ts';

/** What the child tells the parent. */
export type Answer = { readonly sample: number } | { readonly error: string };

async function answer([file = '', contender = '', caseName = '', effort = '']: string[]): Promise<Answer> {
  try {
    const definition = await loadBench(file);
    const setUp = definition.contenders.get(contender);
    const benchCase = definition.cases.find(({ name }) => name === caseName);
    if (setUp === undefined || benchCase === undefined) throw new RangeError('no such contender or case');
    const ready = (await setUp(benchCase)) as TimedContender | CountedContender;
    return { sample: await sample(definition.kind, ready, effort === 'quick' ? quick : thorough) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.send?.(await answer(process.argv.slice(2)), () => process.exit(0));
