/**
 * Calls: the handlers of one run that are at work now, and what each is given.
 *
 * A handler gets the input as `parse` makes it from the journal, the results as the journal has them, and the key
 * `${runId}/${step}`, which is the same for every attempt and for the undo: the participant tells repetitions by it.
 * At most one call per step is at work; asking again for one that is changes nothing.
 */
import { Attempt, SKIP } from './attempt.ts';
import { Park, summarize } from './errors.ts';
import { nodeState, resultsOf } from './evolve.ts';
import type { RunState } from './evolve.ts';
import type { Settled } from './react.ts';
import type { Definition, NodeDefinition } from './saga.ts';
import type { Clock } from './system.ts';
import type { Observer } from './telemetry.ts';
import type { Json, StepContext, UndoContext } from './types.ts';

export interface CallPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: Observer;
  readonly entryBytesMax: number;
}

interface Call {
  readonly undo: boolean;
  readonly attempt: Attempt;
}

export class Calls {
  private readonly ports: CallPorts;
  private readonly definition: Definition;
  private readonly onSettled: (event: Settled) => void;
  private readonly byStep = new Map<string, Call>();
  private input: { readonly value: unknown } | undefined;

  constructor(ports: CallPorts, definition: Definition, onSettled: (event: Settled) => void) {
    this.ports = ports;
    this.definition = definition;
    this.onSettled = onSettled;
  }

  get size(): number {
    return this.byStep.size;
  }

  /** Whether a step is still going forward: it gets its moment to settle before its effect is undone. */
  get isForward(): boolean {
    for (const { undo } of this.byStep.values()) if (!undo) return true;
    return false;
  }

  run(state: RunState, step: string, attempt: number): void {
    const definition = this.definition.nodes.get(step)!;
    this.call(state, definition, false, attempt, (self) => {
      const context: StepContext<unknown, Record<string, Json>> = {
        input: this.parsedInput(state.input),
        results: resultsOf(state),
        runId: state.id,
        key: keyOf(state, step),
        fence: state.fence,
        attempt,
        get signal() {
          return self.signal;
        },
      };
      if (definition.when !== undefined && definition.when(context) !== true) return SKIP;
      return definition.run!(context);
    });
  }

  undo(state: RunState, step: string, attempt: number): void {
    const definition = this.definition.nodes.get(step)!;
    const { undo } = definition;
    if (typeof undo !== 'function') return;
    this.call(state, definition, true, attempt, async (self) => {
      const node = nodeState(state, step);
      const context: UndoContext<unknown, Record<string, Json>, unknown> = {
        input: this.parsedInput(state.input),
        results: resultsOf(state),
        result: node.status === 'done' ? node.result : undefined,
        reason: state.reason!,
        runId: state.id,
        key: keyOf(state, step),
        fence: state.fence,
        attempt,
        get signal() {
          return self.signal;
        },
      };
      await undo(context);
    });
  }

  /** Asks the steps going forward to stop; they still settle. */
  abortForward(): void {
    for (const { undo, attempt } of this.byStep.values()) if (!undo) attempt.abort('the run is being undone');
  }

  /** Asks all to stop and forgets them: nothing settles here any more. */
  dropAll(why: string): void {
    const calls = [...this.byStep.values()];
    this.byStep.clear();
    for (const { attempt } of calls) attempt.abort(why);
  }

  private call(
    state: RunState,
    definition: NodeDefinition,
    undo: boolean,
    attempt: number,
    handler: (attempt: Attempt) => unknown,
  ): void {
    const { clock, observer, random, entryBytesMax } = this.ports;
    const step = definition.node.name;
    if (this.byStep.has(step)) return;
    observer.tell({ type: 'attempt', runId: state.id, step, undo, attempt });
    const sinceMs = clock.monotonic();
    const { timeoutMs } = undo ? definition.backward : definition.forward;
    const call: Call = { undo, attempt: new Attempt(clock, timeoutMs, entryBytesMax, handler) };
    this.byStep.set(step, call);
    void call.attempt.outcome.then((outcome) => {
      if (this.byStep.get(step) !== call) return;
      this.byStep.delete(step);
      observer.tell({ type: 'settled', runId: state.id, step, undo, attempt, outcome: outcome.type });
      const tookMs = Math.round(clock.monotonic() - sinceMs);
      this.onSettled({ step, undo, attempt, outcome, tookMs, random: random() });
    });
  }

  /** Parsed once; if it throws, a person is asked. */
  private parsedInput(input: Json): unknown {
    if (this.input === undefined) {
      try {
        this.input = { value: this.definition.parse(input) };
      } catch (error) {
        throw new Park(`the journaled input does not parse: ${summarize(error).message}`);
      }
    }
    return this.input.value;
  }
}

/** The same for every attempt and for the undo. */
const keyOf = (state: RunState, step: string): string => `${state.id}/${step}`;
