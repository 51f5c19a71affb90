/**
 * The checker against the definition: a history is right if its operations can be put into one order that respects
 * time and in which every read returns what the last write before it left. The model tries all orders.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Checker, type PendingWrite, type Read } from '../src/load/checker.ts';

const RUNS = process.env['NIGHTLY'] ? 100_000 : 4000;

/** An operation on the one key. It takes effect between start and latest; an optional one perhaps never. */
interface Operation {
  readonly kind: 'get' | 'set' | 'delete';
  readonly start: number;
  latest: number;
  optional: boolean;
  /** What a get returned; of a set, its own. */
  version: number | undefined;
}

/** Whether some order explains the history. Exponential: for a handful of operations. */
function isLinearizable(history: readonly Operation[]): boolean {
  const optional = history.findIndex((operation) => operation.optional);
  if (optional === -1) return hasOrder(history, undefined);
  const certain = { ...history[optional]!, optional: false };
  return isLinearizable(history.toSpliced(optional, 1)) || isLinearizable(history.with(optional, certain));
}

function hasOrder(rest: readonly Operation[], current: number | undefined): boolean {
  if (rest.length === 0) return true;
  const deadline = Math.min(...rest.map(({ latest }) => latest));
  return rest.some(({ kind, start, version }, i) => {
    if (start > deadline || (kind === 'get' && version !== current)) return false;
    return hasOrder(rest.toSpliced(i, 1), kind === 'get' ? current : kind === 'set' ? version : undefined);
  });
}

/** A step of a made-up history: begin an operation or end one of those under way, in the way `how` says. */
const steps = (kinds: readonly ('get' | 'set' | 'delete')[]): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ begin: fc.boolean(), kind: fc.constantFrom(...kinds), which: fc.nat(20), how: fc.nat(20) }), {
    minLength: 4,
    maxLength: 18,
  });

interface Step {
  readonly begin: boolean;
  readonly kind: 'get' | 'set' | 'delete';
  readonly which: number;
  readonly how: number;
}

const key = 'k';

/**
 * Plays a history to the checker; reads return whatever the steps say. Calls `compare` after every read with the
 * history so far and the checker's verdict, and ends with the first violation.
 */
function play(given: readonly Step[], compare: (history: readonly Operation[], accepted: boolean) => void): void {
  const checker = new Checker();
  const history: Operation[] = [];
  const open: { operation: Operation; pending: PendingWrite | Read }[] = [];
  let now = 0;
  let versions = 0;
  for (const { begin, kind, which, how } of given) {
    now++;
    if (begin && open.length < 3) {
      const operation: Operation = { kind, start: now, latest: Infinity, optional: true, version: undefined };
      if (kind === 'get') {
        open.push({ operation, pending: checker.beginRead(key) });
      } else {
        const pending = checker.begin(kind, key);
        operation.version = versions = pending.version;
        history.push(operation);
        open.push({ operation, pending });
      }
    } else if (open.length > 0) {
      const [{ operation, pending }] = open.splice(which % open.length, 1) as [(typeof open)[0]];
      if (operation.kind === 'get') {
        // Mostly one of the latest versions: others are refused for simple reasons.
        const version = how % 5 === 0 ? 0 : Math.max(0, versions - (how % 3));
        operation.version = version === 0 ? undefined : version;
        operation.latest = now;
        operation.optional = false;
        history.push(operation);
        const accepted = checker.endRead(pending as Read, operation.version);
        compare(history, accepted);
        if (!accepted) return;
      } else if (how % 4 < 2) {
        checker.acknowledge(pending as PendingWrite);
        operation.latest = Math.min(operation.latest, now);
        operation.optional = false;
      } else if (how % 4 === 2) {
        // Its carrier died: it has taken effect by now, or never will.
        checker.settle(pending as PendingWrite);
        operation.latest = Math.min(operation.latest, now);
      }
    }
  }
}

describe('a verdict is that of the definition', () => {
  test('without deletes: exactly the histories that no order explains are refused', () => {
    let [accepted, refused] = [0, 0];
    fc.assert(
      fc.property(steps(['get', 'get', 'set']), (given) =>
        play(given, (history, verdict) => {
          expect(isLinearizable(history)).toBe(verdict);
          if (verdict) accepted++;
          else refused++;
        }),
      ),
      { numRuns: RUNS },
    );
    // The histories are worth their name: both verdicts are common.
    expect(Math.min(accepted, refused)).toBeGreaterThan(RUNS / 6);
  });

  test('with deletes: what is refused has no order that explains it', () => {
    let [refused, missed] = [0, 0];
    fc.assert(
      fc.property(steps(['get', 'get', 'set', 'delete']), (given) =>
        play(given, (history, verdict) => {
          if (!verdict) {
            refused++;
            expect(isLinearizable(history)).toBe(false);
          } else if (!isLinearizable(history)) missed++;
        }),
      ),
      { numRuns: RUNS },
    );
    expect(refused).toBeGreaterThan(RUNS / 6);
    // Two deletes of a key write the same absence, so a read of it may be anybody's.
    expect(missed / refused).toBeLessThan(0.05);
  });
});
