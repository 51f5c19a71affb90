/**
 * Runs a bench: for each case the scheduled rounds, for each place in a round one fresh process.
 *
 * How a sample is taken is a parameter, so the order and the bookkeeping are tested without processes. A contender
 * that fails, dies or exceeds its limit ends the bench with its name: a table with a hole would read as a result.
 */
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Answer } from './contender.ts';
import type { BenchDefinition } from './definition.ts';
import { schedule } from './schedule.ts';
import type { Samples } from './summary.ts';

/** Takes one sample of a contender in a case. */
export type Sampler = (contender: string, caseName: string) => Promise<number>;

/** A contender that failed its check, threw, died or took too long; names it and its case. */
export class ContenderError extends Error {
  override readonly name = 'ContenderError';
}

/**
 * All samples of a bench, case by case; `onCase` hears of each as soon as it is complete.
 *
 * @throws {ContenderError} at the first contender that fails
 */
export async function runRounds(
  definition: BenchDefinition,
  rounds: number,
  sampler: Sampler,
  onCase: (caseIndex: number, samples: Samples) => void = () => undefined,
): Promise<Samples[]> {
  const contenders = [...definition.contenders.keys()];
  const all: Samples[] = [];
  for (const [caseIndex, { name }] of definition.cases.entries()) {
    const samples = new Map<string, number[]>(contenders.map((contender) => [contender, []]));
    for (const order of schedule(contenders, rounds)) {
      for (const contender of order) {
        try {
          samples.get(contender)!.push(await sampler(contender, name));
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new ContenderError(`${definition.topic}, ${name}: ${contender} failed: ${reason}`, { cause: error });
        }
      }
    }
    all.push(samples);
    onCase(caseIndex, samples);
  }
  return all;
}

/** Samples in fresh processes that speak TypeScript and can collect garbage on demand, as mitata does between runs. */
export function processSampler(file: string, effort: 'quick' | 'thorough', limitMs: number = 300_000): Sampler {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const entry = fileURLToPath(new URL('./contender.ts', import.meta.url));
  return (contender, caseName) =>
    new Promise<number>((resolve, reject) => {
      const child = fork(entry, [file, contender, caseName, effort], {
        execArgv: ['--expose-gc', '--import', tsx],
        env: { ...process.env, NODE_ENV: 'production' },
      });
      let answer: Answer | undefined;
      let late = false;
      const limit = setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, limitMs);
      child.on('message', (message: Answer) => (answer = message));
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        clearTimeout(limit);
        if (answer === undefined) {
          reject(
            new Error(late ? `no answer within ${limitMs} ms` : `no answer; it ended with ${signal ?? code ?? '?'}`),
          );
        } else if ('error' in answer) reject(new Error(answer.error));
        else resolve(answer.sample);
      });
    });
}
