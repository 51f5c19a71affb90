/**
 * Settings: the engine's options, checked once.
 *
 * Everything that may be left out has its default here, everything that may be wrong its refusal.
 */
import { requireFunction, requireInteger, requireName } from './check.ts';
import type { EngineOptions } from './engine-types.ts';
import { definitionOf } from './saga.ts';
import type { Definition } from './saga.ts';
import type { SagaStore } from './store.ts';
import { systemClock, systemRandom } from './system.ts';
import type { Clock } from './system.ts';
import { observer } from './telemetry.ts';
import type { Observer } from './telemetry.ts';

export interface Settings {
  readonly store: SagaStore;
  readonly kinds: ReadonlyMap<string, Definition>;
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: Observer;
  readonly leaseMs: number;
  readonly activeMax: number;
  readonly holdMs: number;
  readonly pollMs: number;
  readonly entryBytesMax: number;
  readonly orphanClaimsMax: number;
}

/** @throws TypeError or RangeError naming the option, the value and what is allowed. */
export function settingsOf(options: EngineOptions): Settings {
  const store = options.store as Partial<SagaStore> | null | undefined;
  requireFunction('store.append (store must be a SagaStore)', store?.append);
  const sagas: unknown = options.sagas;
  if (!Array.isArray(sagas)) throw new TypeError(`sagas must be an array of sagas; got ${typeof sagas}`);
  const kinds = new Map<string, Definition>();
  for (const saga of options.sagas) {
    const definition = definitionOf(saga);
    if (kinds.has(definition.kind)) throw new TypeError(`sagas: ${definition.kind} is given twice`);
    kinds.set(definition.kind, definition);
  }
  const random = options.random ?? systemRandom;
  requireFunction('random', random);
  return {
    store: options.store,
    kinds,
    name: requireName('worker', options.worker ?? 'worker'),
    clock: options.clock ?? systemClock,
    random,
    observer: observer(options.telemetry),
    leaseMs: requireInteger('leaseMs', options.leaseMs ?? 30_000, 1000, 600_000),
    activeMax: requireInteger('activeMax', options.activeMax ?? 4096, 1, 100_000),
    holdMs: requireInteger('holdMs', options.holdMs ?? 5000, 0, 600_000),
    pollMs: requireInteger('pollMs', options.pollMs ?? 1000, 1, 600_000),
    entryBytesMax: requireInteger('entryBytesMax', options.entryBytesMax ?? 262_144, 1024, 1_048_576),
    orphanClaimsMax: requireInteger('orphanClaimsMax', options.orphanClaimsMax ?? 5, 0, 1000),
  };
}
