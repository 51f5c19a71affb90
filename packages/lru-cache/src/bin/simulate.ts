/**
 * `lru-cache simulate <trace>`: which policy would have served this traffic best, and how far from the optimum?
 *
 * The answer depends on the traffic and on nothing else, so the only honest advice is to replay one's own. Everything that
 * computes is in `src/simulate`; here are arguments, files and printing. Outcomes are exit codes: 0 done, 1 the trace
 * cannot be read, 2 the arguments make no sense.
 */
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import * as policies from '../policies/index.ts';
import { generatedTrace, generatedTraceNames } from '../simulate/generated-traces.ts';
import type { Trace } from '../simulate/replay.ts';
import { table, verdicts } from '../simulate/report.ts';
import { type Row, simulate } from '../simulate/simulate.ts';
import { defaultSizes, parseSizes } from '../simulate/sizes.ts';
import type { Policy } from '../types.ts';
import { hitRatioPlot } from './plot.ts';
import { readTrace } from './trace-source.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly stdin: Readable;
  readonly color: boolean;
}

const contenders: Readonly<Record<string, () => Policy>> = {
  lru: policies.lru,
  clock: policies.clock,
  sieve: policies.sieve,
  's3-fifo': policies.s3Fifo,
  arc: policies.arc,
  'w-tinylfu': policies.wTinyLfu,
  robust: policies.robust,
};

export const help: string = `Which eviction policy would have served your traffic best?

  lru-cache simulate <trace>              a file of text, gzip too, or - for standard input: a request a line
  lru-cache simulate --generate <name>    a generated trace: ${generatedTraceNames.join(', ')}

  --column <n>          the key is the n-th column, counted from 1 (default: the whole line)
  --separator <text>    what separates columns (default: spaces and tabs)
  --sizes <list>        entries in the cache, as in 500,2k,10% of the keys (default: 0.1 % to 30 % of the keys)
  --policies <list>     of ${Object.keys(contenders).join(', ')} (default: all)
  --seed <n>            of a generated trace (default: 1)
  --json                one JSON object a size and nothing else
  --no-plot             the table alone
`;

const options = {
  column: { type: 'string' },
  separator: { type: 'string' },
  sizes: { type: 'string' },
  policies: { type: 'string' },
  generate: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
  plot: { type: 'boolean', default: true },
  help: { type: 'boolean', short: 'h' },
} as const;

class UsageError extends Error {}

/** Runs the command and answers its exit code. Never rejects. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(args, terminal);
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof RangeError || error instanceof TypeError;
    terminal.err(`${error instanceof Error ? error.message : String(error)}\n`);
    if (usage) terminal.err('Run it with --help to see what can be asked.\n');
    return usage ? 2 : 1;
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, allowNegative: true });
  const [command, path, ...more] = positionals;
  if (values.help === true || command === undefined) {
    terminal.out(help);
    return values.help === true ? 0 : 2;
  }
  if (command !== 'simulate') throw new UsageError(`no command '${command}'; there is: simulate`);
  if ((path === undefined) === (values.generate === undefined) || more.length > 0) {
    throw new UsageError('give one trace, or --generate <name>');
  }
  const chosen = choosePolicies(values.policies);
  const trace =
    values.generate === undefined
      ? await readTrace(
          path as string,
          {
            ...(values.column === undefined ? {} : { column: Number(values.column) }),
            ...(values.separator === undefined ? {} : { separator: values.separator }),
          },
          terminal.stdin,
        )
      : generate(values.generate, values.seed ?? '1');
  if (trace.ids.length === 0) throw new Error(`${trace.name} has no requests`);
  const sizes = values.sizes === undefined ? defaultSizes(trace.unique) : parseSizes(values.sizes, trace.unique);
  if (values.json === true) {
    simulate(trace, sizes, chosen, (row) => terminal.out(`${JSON.stringify(row)}\n`));
    return 0;
  }
  const count = (n: number): string => n.toLocaleString('en');
  terminal.out(`${trace.name}: ${count(trace.ids.length)} requests for ${count(trace.unique)} keys\n\n`);
  print(simulate(trace, sizes, chosen), values.plot, terminal);
  return 0;
}

function print(rows: readonly Row[], plot: boolean, { out, color }: Terminal): void {
  out(`Hit ratio in percent (* the best of its line; Belady knows the future)\n${table(rows)}\n\n`);
  const drawn = plot ? hitRatioPlot(rows, color) : undefined;
  if (drawn !== undefined) out(`${drawn}\n`);
  const ranked = verdicts(rows);
  if (ranked.length > 0) out('Share of the way from LRU to the optimum, mean over the sizes:\n');
  for (const { policy, gapClosed, worstPoints } of ranked) {
    const worst =
      worstPoints < -0.005 ? `, at worst ${(-worstPoints).toFixed(2)} points below LRU` : ', never below LRU';
    out(`  ${policy.padEnd(10)} ${(100 * gapClosed).toFixed(0).padStart(4)} %${worst}\n`);
  }
}

/** LRU is always among them: it is what the others are measured against. */
function choosePolicies(list: string | undefined): Readonly<Record<string, () => Policy>> {
  if (list === undefined) return contenders;
  const names = ['lru', ...list.split(',').map((name) => name.trim())];
  return Object.fromEntries(
    names.map((name) => {
      const make = Object.hasOwn(contenders, name) ? contenders[name] : undefined;
      if (make === undefined) {
        throw new UsageError(`no policy '${name}'; there are: ${Object.keys(contenders).join(', ')}`);
      }
      return [name, make];
    }),
  );
}

function generate(name: string, seed: string): Trace {
  if (!generatedTraceNames.includes(name)) {
    throw new UsageError(`no generated trace '${name}'; there are: ${generatedTraceNames.join(', ')}`);
  }
  if (!/^\d{1,9}$/.test(seed)) throw new UsageError(`seed must be an integer in 0..999999999; got '${seed}'`);
  return generatedTrace(name, Number(seed));
}
