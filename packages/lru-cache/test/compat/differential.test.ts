import fc from 'fast-check';
import { LRUCache as Peer } from 'lru-cache';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LRUCache } from '../../src/compat/index.ts';
import { configs, sequences } from './commands.ts';
import type { Command, Config } from './commands.ts';
import { Side } from './side.ts';
import type { Make } from './side.ts';

const nightly = process.env['NIGHTLY'] === '1';
const seen = new Map<string, number>();
let commandsRun = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const OPTIONS = [
  ...['max', 'maxSize', 'maxEntrySize', 'sizeCalculation', 'ttl', 'ttlResolution', 'ttlAutopurge', 'updateAgeOnGet'],
  ...['updateAgeOnHas', 'allowStale', 'noDeleteOnStaleGet', 'dispose', 'disposeAfter', 'onInsert', 'noDisposeOnSet'],
  ...[
    'noUpdateTTL',
    'fetchMethod',
    'memoMethod',
    'backgroundFetchSize',
    'noDeleteOnFetchRejection',
    'ignoreFetchAbort',
  ],
  ...['allowStaleOnFetchRejection', 'allowStaleOnFetchAbort'],
];

afterAll(() => {
  if (!nightly) return;
  const counts = Object.fromEntries(OPTIONS.map((name) => [name, seen.get(name) ?? 0]));
  console.log(`compat: ${String(commandsRun)} commands; sequences with each option: ${JSON.stringify(counts)}`);
  expect(Math.min(...Object.values(counts))).toBeGreaterThanOrEqual(1000);
  expect(commandsRun).toBeGreaterThan(100_000);
});

/** Drives both and compares after each command. */
async function compare(config: Config, commands: Command[], fraction: number): Promise<void> {
  const origin = Date.now() - 1000;
  const now = (): number => Date.now() - origin + fraction;
  const ours = new Side(LRUCache as unknown as Make, config, now);
  const theirs = new Side(Peer as unknown as Make, config, now);
  count(config);
  for (const command of commands) {
    commandsRun++;
    ours.run(command);
    theirs.run(command);
    if (command.op === 'wait') vi.advanceTimersByTime(command.ms);
    if (config.calls.fetchMethod) await microtasks();
    ours.look();
    theirs.look();
    const [mine, other] = [ours.take(), theirs.take()];
    // Entries that end in the same millisecond leave in the order of their timers there, of their buckets here.
    if (command.op === 'wait') {
      mine.sort();
      other.sort();
    }
    if (mine.join('\n') !== other.join('\n')) expect(mine, JSON.stringify(command)).toEqual(other);
  }
  vi.clearAllTimers();
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve();
}

function count({ calls, sized, ...plain }: Config): void {
  const names = [...Object.keys(plain), ...Object.entries(calls).flatMap(([name, on]) => (on ? [name] : []))];
  for (const name of sized ? [...names, 'sizeCalculation'] : names) seen.set(name, (seen.get(name) ?? 0) + 1);
}

function check(fetching: boolean, runs: number): Promise<void> {
  const length = nightly ? 100 : 25;
  return fc.assert(
    fc.asyncProperty(configs(fetching), sequences(fetching, length), fc.constantFrom(0, 0.25), compare),
    { numRuns: runs, interruptAfterTimeLimit: nightly ? 1_200_000 : 60_000, markInterruptAsFailure: true },
  );
}

describe('every command has the same effects as in lru-cache', () => {
  it('without background fetches', () => check(false, nightly ? 5000 : 1000), nightly ? 1_300_000 : 60_000);
  it('with background fetches', () => check(true, nightly ? 5000 : 1000), nightly ? 1_300_000 : 60_000);
});
