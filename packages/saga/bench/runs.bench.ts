/**
 * Whole runs of a saga of three steps that do nothing, in memory.
 *
 * What differs is what is kept. Plain async functions with a try/catch keep nothing, node-sagas keeps nothing but an
 * array of the steps it has begun: neither has retries, timeouts, a journal, or anything to resume from. Ours writes
 * every step to its store before the next begins, on the memory store, so the figure is the price of the engine
 * itself. A node-sagas object holds the state of one execution, so it is built anew for each, as its users must.
 *
 * Each result is about 90 bytes of JSON. "Compensated": the third step is refused and all three are undone. Ended
 * runs are pruned within the measured time. The check counts forward calls, undo calls and outcomes.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';

interface Case {
  readonly name: string;
  readonly refuse: boolean;
  /** Runs under way at a time. */
  readonly together: number;
}

const RUNS = 128;

interface Counts {
  calls: number;
  undos: number;
  completed: number;
  compensated: number;
}

interface Order {
  readonly n: number;
  readonly refuse: boolean;
}

const resultOf = (step: string, n: number): { readonly step: string; readonly n: number; readonly note: string } => ({
  step,
  n,
  note: 'reserved for this order until it is shipped or cancelled by its owner',
});

/** `one` takes a run from its start to its end. */
function contender(
  { refuse, together }: Case,
  counts: Counts,
  one: (order: Order) => Promise<void>,
  rest: { readonly after?: () => Promise<unknown>; readonly close?: () => Promise<void> } = {},
): TimedContender {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = 0; i < RUNS / together; i++) await one({ n: next++, refuse });
  };
  return {
    operations: RUNS,
    run: async () => {
      await Promise.all(Array.from({ length: together }, lane));
      await rest.after?.();
      return counts.calls;
    },
    check: () => {
      assert.deepEqual(counts, {
        calls: next * 3,
        undos: refuse ? next * 3 : 0,
        completed: refuse ? 0 : next,
        compensated: refuse ? next : 0,
      });
    },
    ...(rest.close === undefined ? {} : { close: rest.close }),
  };
}

const none = (): Counts => ({ calls: 0, undos: 0, completed: 0, compensated: 0 });

async function ours(c: Case): Promise<TimedContender> {
  const { Rejected, createEngine, saga } = await import('@loadbearing/saga');
  const { memoryStore } = await import('@loadbearing/saga/stores/memory');
  const counts = none();
  const undo = async (): Promise<void> => {
    counts.undos++;
  };
  const order = saga('order', { version: 1, parse: (input) => input as Order })
    .step('stock', {
      run: async ({ input }) => {
        counts.calls++;
        return resultOf('stock', input.n);
      },
      undo,
    })
    .step('credit', {
      run: async ({ input }) => {
        counts.calls++;
        return resultOf('credit', input.n);
      },
      undo,
    })
    .step('ship', {
      run: async ({ input }) => {
        counts.calls++;
        if (input.refuse) throw new Rejected('refused');
        return resultOf('ship', input.n);
      },
      undo,
    })
    .build();
  const engine = createEngine({ store: memoryStore(), sagas: [order] });
  await engine.open();
  return contender(
    c,
    counts,
    async (input) => {
      const run = await engine.start(order, input, { id: `order-${input.n}` });
      const { status } = await run.result();
      assert.notEqual(status, 'stuck');
      counts[status as 'completed' | 'compensated']++;
    },
    { after: () => engine.prune(Number.MAX_SAFE_INTEGER), close: () => engine.close() },
  );
}

async function nodeSagas(c: Case): Promise<TimedContender> {
  const { SagaBuilder, SagaExecutionFailed } = await import('node-sagas');
  const counts = none();
  interface Params extends Order {
    readonly results: Record<string, unknown>;
  }
  // Its types say that a method returns nothing; it awaits what it is given.
  const awaited =
    (work: (p: Params) => Promise<void>): ((p: Params) => unknown) =>
    (p) =>
      work(p);
  const step = (name: string): ((p: Params) => unknown) =>
    awaited(async (p) => {
      counts.calls++;
      if (p.refuse && name === 'ship') throw new Error('refused');
      p.results[name] = resultOf(name, p.n);
    });
  const stock = step('stock');
  const credit = step('credit');
  const ship = step('ship');
  const undo = awaited(async () => {
    counts.undos++;
  });
  const build = () =>
    new SagaBuilder<Params>()
      .step('stock')
      .invoke(stock)
      .withCompensation(undo)
      .step('credit')
      .invoke(credit)
      .withCompensation(undo)
      .step('ship')
      .invoke(ship)
      .withCompensation(undo)
      .build();
  return contender(c, counts, async (order) => {
    try {
      await build().execute({ ...order, results: {} });
      counts.completed++;
    } catch (error) {
      assert(error instanceof SagaExecutionFailed);
      counts.compensated++;
    }
  });
}

function plain(c: Case): TimedContender {
  const counts = none();
  const step = async (name: string, order: Order, refuse: boolean): Promise<unknown> => {
    counts.calls++;
    if (refuse) throw new Error('refused');
    return resultOf(name, order.n);
  };
  const undo = async (): Promise<void> => {
    counts.undos++;
  };
  return contender(c, counts, async (order) => {
    const undos: (() => Promise<void>)[] = [];
    try {
      for (const name of ['stock', 'credit', 'ship']) {
        undos.push(undo);
        await step(name, order, order.refuse && name === 'ship');
      }
      counts.completed++;
    } catch {
      for (const back of undos.reverse()) await back();
      counts.compensated++;
    }
  });
}

export default defineBench<Case>({
  topic: 'runs',
  title: 'Whole runs of three empty steps, in memory',
  rival: 'node-sagas',
  kind: 'time',
  cases: [
    { name: 'completed, one at a time', refuse: false, together: 1 },
    { name: 'completed, 64 at a time', refuse: false, together: 64 },
    { name: 'compensated, one at a time', refuse: true, together: 1 },
    { name: 'compensated, 64 at a time', refuse: true, together: 64 },
  ],
  contenders: {
    saga: ours,
    'node-sagas': nodeSagas,
    'plain async functions': plain,
  },
});
