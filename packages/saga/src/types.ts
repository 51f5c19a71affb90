/**
 * The words of a definition: steps, waits, and what their handlers are given.
 *
 * Garcia-Molina and Salem ("Sagas", SIGMOD 1987) call a step T_i and its compensation C_i: here `run` and `undo`.
 * Richardson (Microservices Patterns, chapter 4) sorts steps into compensatable, pivot and retriable: here `step`,
 * `pivot` and `retriable`, and the compiler keeps their order. Undoing is "backward recovery", finishing after the
 * pivot is "forward recovery".
 *
 * The phases are two interfaces, BeforePivot and AfterPivot, not one with an unused type parameter: TypeScript
 * ignores an unused parameter, and the rule would pass silently. In an object literal `run` must stand before
 * `undo`, or the result type is inferred as unknown. `MustBeJson` hangs on a side property for the same reason.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

type Nothing = ReturnType<() => void>;

/** `T` where it survives JSON, `never` where it does not. Works for interfaces, which an index signature refuses. */
export type Serializable<T> = T extends string | number | boolean | null | Nothing
  ? T
  : T extends
        | ((...args: never) => unknown)
        | Date
        | bigint
        | symbol
        | ReadonlyMap<unknown, unknown>
        | ReadonlySet<unknown>
        | ArrayBufferView
    ? never
    : T extends object
      ? { [K in keyof T]: Serializable<T[K]> }
      : never;

export type MustBeJson<R> = unknown extends R
  ? unknown
  : [R] extends [Serializable<R>]
    ? unknown
    : { readonly '~json': 'a step result must survive JSON: no Date, bigint, symbol, Map, Set, function, binary view' };

/** A name not used before. */
export type Fresh<K extends string, Res> = K extends keyof Res ? never : K;
export type Add<Res, K extends string, R> = Res & Readonly<Record<K, R>>;

/**
 * When to try again. The delay before attempt n + 1 is drawn from [0, min(capMs, baseMs * factor^(n-1))], or is that
 * bound itself with jitter `none`. Defaults: 3 attempts (20 for retriable steps, undos and a pivot that is
 * `retry-until-known`), baseMs 100, factor 2, capMs 30 000 (60 000), jitter full.
 */
export interface RetryPolicy {
  readonly maxAttempts?: number;
  readonly baseMs?: number;
  readonly capMs?: number;
  readonly factor?: number;
  readonly jitter?: 'full' | 'none';
}

export interface StepOptions {
  /** Of one attempt. Default: 30 000. */
  readonly timeoutMs?: number;
  readonly retry?: RetryPolicy;
}

export interface StepContext<In, Res> {
  readonly input: In;
  /** Results of earlier steps, as JSON gives them back. */
  readonly results: Readonly<Res>;
  readonly runId: string;
  /** `${runId}/${step}`: the same for every attempt and for the undo. Pass it to the participant. */
  readonly key: string;
  /** Grows with every takeover of the run; a participant may refuse a smaller one than it has seen. */
  readonly fence: number;
  /** Counted from 1. */
  readonly attempt: number;
  /** Aborted at the timeout, when the run is undone, and when this worker loses the run. */
  readonly signal: AbortSignal;
}

/** Why a run is undone. */
export interface Reason {
  readonly kind: 'rejected' | 'failed' | 'deadline' | 'wait-timeout' | 'cancelled';
  readonly step?: string;
  readonly message: string;
}

export interface UndoContext<In, Res, R> extends Omit<StepContext<In, Res>, 'results'> {
  readonly results: Readonly<Partial<Res>>;
  /** Undefined when the step is in doubt: its answer was lost, or it may still arrive at the participant. */
  readonly result: R | undefined;
  readonly reason: Reason;
}

export type RunHandler<In, Res, R> = (c: StepContext<In, Res>) => Promise<R> | R;
export type UndoHandler<In, Res, R> = (c: UndoContext<In, Res, R>) => Promise<void> | void;

export interface ReadStep<In, Res, R> extends StepOptions {
  readonly run: RunHandler<In, Res, R>;
}

export interface CompensableStep<In, Res, R> extends ReadStep<In, Res, R> {
  readonly undo: UndoHandler<In, Res, R>;
  readonly undoOptions?: StepOptions;
}

export interface PivotStep<In, Res, R> extends ReadStep<In, Res, R> {
  /** What to do when its answer is lost: undo it like a step, or ask again until the answer is known. */
  readonly undo: UndoHandler<In, Res, R> | 'retry-until-known';
  readonly undoOptions?: StepOptions;
}

export interface Condition<In, Res> {
  /** Pure. If it throws, that is a failed attempt of its step. */
  readonly when: (c: { readonly input: In; readonly results: Readonly<Res> }) => boolean;
}

export interface Wait<S> {
  /** From when the wait is reached, at most ten years. */
  readonly timeoutMs: number;
  /** Applied when a signal is sent and when it is taken; must accept its own output. */
  readonly parse: (value: unknown) => S;
}

/** Before the pivot: every step can be undone. */
export interface BeforePivot<N extends string, In, Res, Waits> {
  /** A step and its undo. */
  step<K extends string, R>(
    name: Fresh<K, Res>,
    step: CompensableStep<In, Res, R> & MustBeJson<R>,
  ): BeforePivot<N, In, Add<Res, K, R>, Waits>;
  /** A step that is skipped, its result undefined, when `when` is false. */
  stepIf<K extends string, R>(
    name: Fresh<K, Res>,
    step: CompensableStep<In, Res, R> & Condition<In, Res> & MustBeJson<R>,
  ): BeforePivot<N, In, Add<Res, K, R | undefined>, Waits>;
  /** No effect, hence no undo. */
  read<K extends string, R>(
    name: Fresh<K, Res>,
    step: ReadStep<In, Res, R> & MustBeJson<R>,
  ): BeforePivot<N, In, Add<Res, K, R>, Waits>;
  /** Steps that run, and are undone, at the same time. Branches see earlier results, not each other. */
  parallel<Added>(
    branches: (b: Branches<In, Res, unknown>) => Branches<In, Res, Added>,
  ): BeforePivot<N, In, Res & Added, Waits>;
  /** Waits for `engine.signal`; when the time is over, the run is undone. */
  waitFor<K extends string, S>(
    name: Fresh<K, Res>,
    wait: Wait<S>,
  ): BeforePivot<N, In, Add<Res, K, S>, Add<Waits, K, S>>;
  sleep(name: string, ms: number): BeforePivot<N, In, Res, Waits>;
  /** The point of no return: once done it is never undone. */
  pivot<K extends string, R>(
    name: Fresh<K, Res>,
    step: PivotStep<In, Res, R> & MustBeJson<R>,
  ): AfterPivot<N, In, Add<Res, K, R>, Waits>;
  build(): Saga<N, In, Res, Waits>;
}

export interface Branches<In, Res, Added> {
  readonly '~added'?: Added;
  step<K extends string, R>(
    name: Fresh<K, Res & Added>,
    step: CompensableStep<In, Res, R> & MustBeJson<R>,
  ): Branches<In, Res, Add<Added, K, R>>;
  read<K extends string, R>(
    name: Fresh<K, Res & Added>,
    step: ReadStep<In, Res, R> & MustBeJson<R>,
  ): Branches<In, Res, Add<Added, K, R>>;
}

/** After the pivot: forward recovery only. */
export interface AfterPivot<N extends string, In, Res, Waits> {
  /** A step that must succeed in the end; exhausted, the run is stuck and asks for a person. */
  retriable<K extends string, R>(
    name: Fresh<K, Res>,
    step: ReadStep<In, Res, R> & MustBeJson<R>,
  ): AfterPivot<N, In, Add<Res, K, R>, Waits>;
  /** Waits for `engine.signal`; when the time is over, the run is stuck until the signal or a person comes. */
  waitFor<K extends string, S>(name: Fresh<K, Res>, wait: Wait<S>): AfterPivot<N, In, Add<Res, K, S>, Add<Waits, K, S>>;
  sleep(name: string, ms: number): AfterPivot<N, In, Res, Waits>;
  build(): Saga<N, In, Res, Waits>;
}

export interface StepNode {
  readonly name: string;
  readonly kind: 'compensable' | 'read' | 'pivot' | 'retriable' | 'wait' | 'sleep';
  readonly conditional: boolean;
  /** The time of a wait or sleep. */
  readonly ms?: number;
}

/** A definition: data to look at, and the handlers, which only the engine calls. */
export interface Saga<N extends string = string, In = unknown, Res = unknown, Waits = unknown> {
  readonly name: N;
  readonly version: number;
  /** `${name}@${version}#${hash}`; the hash covers names, kinds, order, conditions and undo modes. */
  readonly kind: string;
  /** Executed in order; the nodes of one stage at the same time. */
  readonly stages: readonly (readonly StepNode[])[];
  readonly '~types'?: { readonly input: In; readonly results: Res; readonly waits: Waits };
}
