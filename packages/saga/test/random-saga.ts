/** Random definitions for model tests: what the builder allows, and nothing else. */
import fc from 'fast-check';
import { saga } from '../src/index.ts';
import { definitionOf } from '../src/saga.ts';
import type { Definition } from '../src/saga.ts';

type Kind = 'step' | 'stepIf' | 'read' | 'waitFor' | 'sleep';
type Late = 'retriable' | 'waitFor' | 'sleep';

export interface Shape {
  readonly early: readonly (readonly Kind[])[];
  readonly pivot: 'none' | 'undo' | 'known';
  readonly late: readonly Late[];
  readonly deadline: boolean;
}

const single = fc
  .constantFrom<Kind>('step', 'step', 'step', 'stepIf', 'read', 'waitFor', 'sleep')
  .map((kind) => [kind]);
const branches = fc.array(fc.constantFrom<Kind>('step', 'step', 'read'), { minLength: 2, maxLength: 3 });

export const shapes: fc.Arbitrary<Shape> = fc.record({
  early: fc.array(fc.oneof({ weight: 3, arbitrary: single }, { weight: 1, arbitrary: branches }), {
    minLength: 1,
    maxLength: 5,
  }),
  pivot: fc.constantFrom<Shape['pivot']>('none', 'undo', 'known'),
  late: fc.array(fc.constantFrom<Late>('retriable', 'retriable', 'waitFor', 'sleep'), { maxLength: 3 }),
  deadline: fc.boolean(),
});

/** The builder without its types, which is how plain JavaScript sees it. */
export interface LooseBuilder {
  step(name: string, step: unknown): LooseBuilder;
  stepIf(name: string, step: unknown): LooseBuilder;
  read(name: string, step: unknown): LooseBuilder;
  parallel(branches: (b: LooseBuilder) => LooseBuilder): LooseBuilder;
  waitFor(name: string, wait: unknown): LooseBuilder;
  sleep(name: string, ms: unknown): LooseBuilder;
  pivot(name: string, step: unknown): LooseBuilder;
  retriable(name: string, step: unknown): LooseBuilder;
  build(): Definition;
}

export const loose = (name: string, options: object = { version: 1, parse: (v: unknown) => v }): LooseBuilder =>
  (saga as unknown as (name: string, options: object) => LooseBuilder)(name, options);

/** `handlers` gives each step its handlers, by name; retries are short, and few. */
export function build(
  shape: Shape,
  handlers: (name: string) => { readonly run: unknown; readonly undo: unknown } = () => ({
    run: () => null,
    undo: () => undefined,
  }),
): Definition {
  const retry = { maxAttempts: 2, baseMs: 10, jitter: 'none' };
  const step = (name: string): object => ({ ...handlers(name), retry, undoOptions: { retry } });
  const add = (b: LooseBuilder, kind: Kind | Late, name: string): LooseBuilder => {
    if (kind === 'waitFor') return b.waitFor(name, { timeoutMs: 1000, parse: (v: unknown) => v });
    if (kind === 'sleep') return b.sleep(name, 500);
    if (kind === 'stepIf') return b.stepIf(name, { ...step(name), when: () => true });
    return b[kind](name, step(name));
  };
  const deadline = shape.deadline ? { deadlineMs: 5000 } : {};
  let b = loose('random', { version: 1, parse: (v: unknown) => v, ...deadline });
  shape.early.forEach((kinds, i) => {
    if (kinds.length === 1) b = add(b, kinds[0]!, `s${i}`);
    else b = b.parallel((p) => kinds.reduce((q, kind, j) => add(q, kind, `s${i}-${j}`), p));
  });
  if (shape.pivot !== 'none') {
    const undo = shape.pivot === 'known' ? { undo: 'retry-until-known' } : {};
    b = b.pivot('pivot', { ...step('pivot'), ...undo });
    shape.late.forEach((kind, i) => (b = add(b, kind, `late${i}`)));
  }
  return definitionOf(b.build());
}

/** A small seeded generator: one number tells a whole schedule. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
