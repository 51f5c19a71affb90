/**
 * The builder: from a chain of calls to a graph that the engine can walk.
 *
 * A definition is data (`stages`) plus the handlers beside it. The engine never replays handlers, so they may use
 * time, randomness and I/O; only the graph must stay the same for a running run. That is what `kind` is for: it
 * carries a hash of the names, kinds, order, conditions and undo modes, and a worker takes only runs of kinds it
 * has. Changing what a handler does, a timeout or a retry policy keeps the kind; changing the graph makes a new one,
 * and the old definition must stay registered until its runs have ended.
 *
 * The compiler keeps the order of steps and the freshness of names; the checks here say the same to callers without
 * types, and bound what types cannot: 256 nodes, 32 branches a stage, waits of ten years.
 */
import { canonical, fnv1a } from './canonical.ts';
import { requireFunction, requireInteger, requireName } from './check.ts';
import { callOptions } from './retry.ts';
import type { CallOptions } from './retry.ts';
import type { BeforePivot, CompensableStep, Condition, PivotStep, ReadStep, Saga, StepNode, Wait } from './types.ts';

const NODES_MAX = 256;
const BRANCHES_MAX = 32;
const WAIT_MS_MAX = 10 * 366 * 86_400_000;
const DEADLINE_MS_MAX = WAIT_MS_MAX;

/** One node with everything the engine needs of it; handlers lose their types here, the builder has checked them. */
export interface NodeDefinition {
  readonly node: StepNode;
  readonly stage: number;
  readonly run?: (context: unknown) => unknown;
  readonly undo?: ((context: unknown) => unknown) | 'retry-until-known';
  readonly when?: (context: unknown) => unknown;
  readonly parse?: (value: unknown) => unknown;
  readonly forward: CallOptions;
  readonly backward: CallOptions;
}

export interface Graph {
  readonly stages: readonly (readonly StepNode[])[];
  readonly nodes: ReadonlyMap<string, NodeDefinition>;
}

export interface Definition extends Saga, Graph {
  /** The mark by which the engine knows a definition, from whichever copy of this package. */
  readonly '~definition': 1;
  readonly parse: (input: unknown) => unknown;
  readonly deadlineMs: number | undefined;
}

/** @throws TypeError when `value` was not made by `saga(...).build()`. */
export function definitionOf(value: Saga): Definition {
  const candidate = value as Partial<Definition> | null | undefined;
  if (candidate?.['~definition'] !== 1) throw new TypeError('a saga must be made by saga(...).build()');
  return value as Definition;
}

interface Header {
  readonly name: string;
  readonly version: number;
  readonly parse: (input: unknown) => unknown;
  readonly deadlineMs: number | undefined;
}

type LooseStep = ReadStep<never, never, unknown> &
  Partial<Pick<CompensableStep<never, never, unknown>, 'undoOptions'>> &
  Partial<Pick<PivotStep<never, never, unknown>, 'undo'>> &
  Partial<Condition<never, never>>;

/**
 * The one class behind all phases. Immutable: every call returns a new builder, so a common beginning can be
 * continued in two ways.
 */
class Builder {
  private readonly header: Header;
  private readonly stages: readonly (readonly NodeDefinition[])[];

  constructor(header: Header, stages: readonly (readonly NodeDefinition[])[]) {
    this.header = header;
    this.stages = stages;
  }

  step(name: string, step: LooseStep): Builder {
    return this.with([this.call(name, 'compensable', step)]);
  }

  stepIf(name: string, step: LooseStep): Builder {
    requireFunction(`${name}.when`, step.when);
    return this.with([this.call(name, 'compensable', step)]);
  }

  read(name: string, step: LooseStep): Builder {
    return this.with([this.call(name, 'read', step)]);
  }

  parallel(branches: (b: BranchList) => BranchList): Builder {
    requireFunction('parallel', branches);
    const { nodes } = branches(new BranchList(this.stages.length));
    requireInteger('number of branches', nodes.length, 1, BRANCHES_MAX);
    return this.with(nodes);
  }

  pivot(name: string, step: LooseStep): Builder {
    return this.with([this.call(name, 'pivot', step)]);
  }

  retriable(name: string, step: LooseStep): Builder {
    return this.with([this.call(name, 'retriable', step)]);
  }

  waitFor(name: string, wait: Wait<unknown>): Builder {
    requireFunction(`${name}.parse`, wait.parse);
    const ms = requireInteger(`${name}.timeoutMs`, wait.timeoutMs, 0, WAIT_MS_MAX);
    return this.with([{ ...this.pause(name, 'wait', ms), parse: wait.parse }]);
  }

  sleep(name: string, ms: number): Builder {
    return this.with([this.pause(name, 'sleep', requireInteger(`${name}.ms`, ms, 0, WAIT_MS_MAX))]);
  }

  build(): Definition {
    if (this.stages.length === 0) throw new TypeError(`saga ${this.header.name} has no step`);
    const stages = this.stages.map((stage) => stage.map((n) => n.node));
    const shape = this.stages.map((stage) =>
      stage.map((n) => [n.node.name, n.node.kind, n.node.conditional, undoMode(n)]),
    );
    const { name, version, parse, deadlineMs } = this.header;
    return Object.freeze({
      '~definition': 1,
      name,
      version,
      kind: `${name}@${version}#${fnv1a(canonical(shape))}`,
      stages,
      nodes: new Map(this.stages.flat().map((n) => [n.node.name, n])),
      parse,
      deadlineMs,
    } as const);
  }

  private call(name: string, kind: StepNode['kind'], step: LooseStep): NodeDefinition {
    return callNode(name, kind, step, this.stages.length);
  }

  private pause(name: string, kind: 'wait' | 'sleep', ms: number): NodeDefinition {
    requireName('step name', name);
    return {
      node: { name, kind, conditional: false, ms },
      stage: this.stages.length,
      forward: callOptions(name, {}, false),
      backward: callOptions(name, {}, true),
    };
  }

  private with(nodes: readonly NodeDefinition[]): Builder {
    const past = this.stages.flat();
    const names = new Set(past.map((n) => n.node.name));
    const afterPivot = past.some((n) => n.node.kind === 'pivot');
    for (const { node } of nodes) {
      if (names.has(node.name)) throw new TypeError(`saga ${this.header.name} has two steps named ${node.name}`);
      names.add(node.name);
      const fits = node.kind === 'wait' || node.kind === 'sleep' || (node.kind === 'retriable') === afterPivot;
      if (!fits) {
        const where = afterPivot
          ? 'after the pivot only retriable, waitFor and sleep'
          : 'retriable only after the pivot';
        throw new TypeError(`saga ${this.header.name}, step ${node.name} (${node.kind}): ${where}`);
      }
    }
    requireInteger(`number of steps of saga ${this.header.name}`, names.size, 1, NODES_MAX);
    return new Builder(this.header, [...this.stages, nodes]);
  }
}

class BranchList {
  readonly nodes: readonly NodeDefinition[];
  private readonly stage: number;

  constructor(stage: number, nodes: readonly NodeDefinition[] = []) {
    this.stage = stage;
    this.nodes = nodes;
  }

  step(name: string, step: LooseStep): BranchList {
    return new BranchList(this.stage, [...this.nodes, callNode(name, 'compensable', step, this.stage)]);
  }

  read(name: string, step: LooseStep): BranchList {
    return new BranchList(this.stage, [...this.nodes, callNode(name, 'read', step, this.stage)]);
  }
}

function callNode(name: string, kind: StepNode['kind'], step: LooseStep, stage: number): NodeDefinition {
  requireName('step name', name);
  requireFunction(`${name}.run`, step.run);
  const undoes = kind === 'compensable' || kind === 'pivot';
  const known = kind === 'pivot' && step.undo === 'retry-until-known';
  if (undoes && !known) requireFunction(`${name}.undo`, step.undo);
  return {
    node: { name, kind, conditional: step.when !== undefined },
    stage,
    run: step.run as NonNullable<NodeDefinition['run']>,
    ...(undoes ? { undo: step.undo as NonNullable<NodeDefinition['undo']> } : {}),
    ...(step.when === undefined ? {} : { when: step.when as NonNullable<NodeDefinition['when']> }),
    forward: callOptions(name, step, kind === 'retriable' || known),
    backward: callOptions(`${name}.undoOptions`, step.undoOptions ?? {}, true),
  };
}

const undoMode = (n: NodeDefinition): string => (typeof n.undo === 'string' ? n.undo : n.undo ? 'undo' : 'none');

/**
 * Begins a definition.
 *
 * `parse` turns what a caller gives into the input; it runs at `start` and again when a run is loaded, so it must
 * accept its own output. `deadlineMs` counts from the start of the run: when it has passed before the pivot is done
 * the run is undone, afterwards it is reported and the run goes on.
 *
 * @throws TypeError or RangeError naming what was given and what is allowed.
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { saga } from '@loadbearing/saga';
 * const trip = saga('trip', { version: 1, parse: (input) => input as { seats: number } })
 *   .step('hold', { run: (c) => ({ id: `hold-${c.input.seats}` }), undo: (c) => console.log('release', c.key) })
 *   .pivot('pay', { run: (c) => ({ paid: c.results.hold.id }), undo: 'retry-until-known' })
 *   .build();
 * assert.match(trip.kind, /^trip@1#[0-9a-f]{8}$/);
 * assert.deepEqual(trip.stages.flat().map((node) => node.kind), ['compensable', 'pivot']);
 * ```
 */
export function saga<N extends string, In>(
  name: N,
  options: { readonly version: number; readonly parse: (input: unknown) => In; readonly deadlineMs?: number },
): BeforePivot<N, In, unknown, unknown> {
  requireName('saga name', name);
  requireFunction('parse', options.parse);
  const header: Header = {
    name,
    version: requireInteger('version', options.version, 1, 1_000_000_000),
    parse: options.parse,
    deadlineMs:
      options.deadlineMs === undefined
        ? undefined
        : requireInteger('deadlineMs', options.deadlineMs, 1, DEADLINE_MS_MAX),
  };
  // The phases exist in the types alone; the class checks them again for callers without types.
  return new Builder(header, []) as unknown as BeforePivot<N, In, unknown, unknown>;
}
