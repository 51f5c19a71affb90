/**
 * The mover with one of its guards left out, which is done from outside: by what its calls reach.
 *
 * A guard that no test misses is a guard that may be deleted by the next reader who finds it needless.
 */
import type { MoverStep, Shard, SlotMapDocument, SlotMapStore } from '../../src/migrate/index.ts';

export type Guard = 'fence check' | 'claim' | 'fence on B' | 'freeze' | 'compare';

export const GUARDS: readonly Guard[] = ['fence check', 'claim', 'fence on B', 'freeze', 'compare'];

interface Parts {
  readonly store: SlotMapStore;
  readonly shard: (id: string) => Shard;
}

type CrippledParts = Parts & { readonly onStep?: (step: MoverStep) => void };

export function withoutGuard(guard: Guard | undefined, parts: Parts): CrippledParts {
  if (guard === undefined || guard === 'fence check') return parts;
  if (guard === 'claim') return withoutClaim(parts);
  let step: MoverStep['kind'] = 'claim';
  const shard = (id: string): Shard => {
    const real = parts.shard(id);
    return {
      ...real,
      fence: async (slot, epoch) => {
        if (guard === 'fence on B' && step === 'copy') return;
        if (guard === 'freeze' && step === 'freeze') return;
        return real.fence(slot, epoch);
      },
      apply: async (slot, epoch, puts, removes) => {
        if (guard === 'compare' && step === 'freeze') return;
        return real.apply(slot, epoch, puts, removes);
      },
    };
  };
  const onStep = ({ kind }: MoverStep): void => {
    step = kind;
  };
  return { store: parts.store, shard, onStep };
}

/** A claim changes nothing but the mover's mind: the epochs of the world run behind those of the mover. */
function withoutClaim({ store, shard }: Parts): Parts {
  let behind = 0;
  let owners = '';
  const ownersOf = (document: SlotMapDocument): string =>
    JSON.stringify((document.slots as { owners?: unknown }).owners);
  return {
    store: {
      load: async () => {
        const document = await store.load();
        behind = 0;
        if (document !== undefined) owners = ownersOf(document);
        return document;
      },
      save: async (next) => {
        if (next.goal !== null && ownersOf(next) === owners) {
          behind++;
          return true;
        }
        owners = ownersOf(next);
        return store.save({ ...next, epoch: next.epoch - behind });
      },
    },
    shard: (id) => {
      const real = shard(id);
      return {
        fence: (slot, epoch) => real.fence(slot, epoch - behind),
        scan: (slot, epoch, cursor, limit) => real.scan(slot, epoch - behind, cursor, limit),
        apply: (slot, epoch, puts, removes) => real.apply(slot, epoch - behind, puts, removes),
        clear: (slot, epoch) => real.clear(slot, epoch - behind),
      };
    },
  };
}
