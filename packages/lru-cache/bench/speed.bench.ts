/**
 * Hits, evictions and a mixture, on a full cache, against what else there is.
 *
 * Few cases out of many: the kinds of keys and the sizes where the differences are largest and where they are smallest,
 * the last being hits of the same string objects in a small cache, whose hash the engine has cached for a `Map` and we
 * compute again. The whole matrix is printed by `speed-bars.ts`. Every cache is asserted to be full and to hold what
 * was put in last: what did not evict did not win.
 */
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { type Contender, type Make, contenders, exact } from './contenders.ts';
import { type Operation, shapes, workload } from './workload.ts';

interface Case {
  readonly name: string;
  readonly shape: string;
  readonly max: number;
  readonly operation: Operation;
}

const batch = 4096;

const setUp =
  (name: Contender) =>
  async ({ shape, max, operation }: Case): Promise<TimedContender> => {
    const kind = shapes.find((it) => it.name === shape);
    if (kind === undefined) throw new RangeError(`no such shape: ${shape}`);
    const cache = await (contenders[name] as Make)(max);
    const work = workload(cache, kind, max, operation);
    return {
      operations: batch,
      run: () => work.run(batch),
      check: () => {
        if (exact(name)) work.check();
      },
    };
  };

function caseOf(operation: Operation, shape: string, max: number): Case {
  return { name: `${operation}, ${shape}, ${max.toLocaleString('en-US')} entries`, shape, max, operation };
}

const [built, same] = ['14 chars, id at the end, built per call', '14 chars, id at the end, same objects'];

export default defineBench<Case>({
  topic: 'speed',
  title: 'a full cache',
  rival: 'lru-cache',
  kind: 'time',
  cases: [
    caseOf('get-hit', 'integers', 1000),
    caseOf('get-hit', built, 1000),
    caseOf('get-hit', same, 1000),
    caseOf('get-hit', built, 100_000),
    caseOf('set-evict', 'integers', 1000),
    caseOf('set-evict', built, 100_000),
    caseOf('mixed', built, 1000),
    caseOf('mixed', 'integers', 100_000),
  ],
  contenders: {
    '@loadbearing/lru-cache': setUp('@loadbearing/lru-cache'),
    'lru-cache': setUp('lru-cache'),
    'a Map, delete and set': setUp('a Map, delete and set'),
    mnemonist: setUp('mnemonist'),
    'toad-cache': setUp('toad-cache'),
    'tiny-lru': setUp('tiny-lru'),
    'lru.min': setUp('lru.min'),
    'quick-lru': setUp('quick-lru'),
  },
});
