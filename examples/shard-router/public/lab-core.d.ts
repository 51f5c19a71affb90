/** The lab's state and events, and what it needs of the package: the contract between the core, the page and the test. */

import type * as lib from '@loadbearing/consistent-hash';

/** The package, as far as the lab uses it. */
export type Library = Pick<
  typeof lib,
  'xxh32' | 'mix32' | 'ring' | 'slots' | 'diff' | 'bounded' | 'hotKeys' | 'leastLoaded'
>;

export interface LabNode {
  readonly id: string;
  readonly zone: string;
  readonly weight: number;
  readonly up: boolean;
}

export type Kind = 'ring' | 'slots' | 'modulo';

export interface Placements {
  readonly ring: lib.Ring;
  readonly slots: lib.Slots;
  /** Ids in order: the owner of h is the one at h % length. */
  readonly modulo: readonly string[];
}

export type Change =
  | { readonly type: 'add' }
  | { readonly type: 'remove'; readonly id: string }
  | { readonly type: 'reweight'; readonly id: string; readonly factor: number }
  | { readonly type: 'kill' | 'revive'; readonly zone: string };

export type LabEvent =
  | Change
  | { readonly type: 'tick' }
  | { readonly type: 'set'; readonly hot?: boolean; readonly split?: boolean; readonly c?: number | null };

/** Fractions of the hash space. */
export interface Movement {
  readonly moved: number;
  /** Between two nodes that did not change. */
  readonly needless: number;
  /** What moved, for the picture; modulo has none to draw. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

export interface Report {
  readonly title: string;
  readonly ideal: number;
  readonly movement: Readonly<Record<Kind, Movement>>;
  /** Requests since then that found nothing cached. */
  readonly misses: Readonly<Record<Kind, number>>;
  /** After a zone went down: of keys with two copies, the fraction without one left. */
  readonly lost: { readonly apart: number; readonly anywhere: number } | null;
}

/** Bits of the keys that a node has cached, by the node's id; of nodes that are up. */
export type Cache = ReadonlyMap<string, Uint32Array>;

export interface LabState {
  readonly tick: number;
  readonly nodes: readonly LabNode[];
  readonly placements: Placements;
  readonly policy: { readonly hot: boolean; readonly split: boolean; readonly c: number | null };
  /** Hot keys of the last tick, by which the next one splits. */
  readonly sketch: lib.HotKeys | null;
  readonly caches: Readonly<Record<Kind, Cache>>;
  /** Requests that each node took, tick by tick since the last change, the latest last. */
  readonly loads: readonly Readonly<Record<'ring' | 'slots', ReadonlyMap<string, number>>>[];
  /** Hit ratio of each tick, the latest last, and the ticks at which the nodes changed. */
  readonly hits: readonly Readonly<Record<Kind, number>>[];
  readonly changes: readonly number[];
  readonly report: Report | null;
  /** The last tick's requests, for the picture. */
  readonly requests: {
    readonly hashes: Uint32Array;
    readonly served: Readonly<Record<'ring' | 'slots', readonly string[]>>;
  } | null;
}

export const TICKS_KEPT: number;
export const REQUESTS: number;

export interface Lab {
  first(): LabState;
  /** The state after an event; the same state when the event makes no sense in it. */
  next(state: LabState, event: LabEvent): LabState;
}

export function labOf(lib: Library, options?: { readonly seed?: number; readonly nodes?: number }): Lab;

/** Load of each node over the last ticks, in units of its fair share (1 is exactly fair), and the highest of them. */
export function loadsOf(
  state: LabState,
  kind: 'ring' | 'slots',
): { readonly total: number; readonly peak: number | null; readonly byId: ReadonlyMap<string, number> };
