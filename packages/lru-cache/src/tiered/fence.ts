/**
 * Fence and lease of one key: the rules that every tier must keep, as plain functions from a cell to the next cell.
 *
 * `remote-tier.ts` says what the two tokens are for. Here a cell is all that a tier knows of a key, each part with the
 * moment at which it ends; a part whose end has come counts as absent. `memory-tier.ts` keeps cells in this process,
 * the scripts of the Redis tier say the same in Lua, and one test drives both.
 */
import type { TierRead } from './remote-tier.ts';

interface Part {
  readonly text: string;
  /** Gone from then on. */
  readonly until: number;
}

export interface Cell {
  readonly value: Part | undefined;
  readonly fence: Part | undefined;
  readonly leaseUntil: number;
}

export const emptyCell: Cell = { value: undefined, fence: undefined, leaseUntil: -Infinity };

export interface ReadInput {
  /** Unlike any other: becomes the fence if there is none. */
  readonly token: string;
  readonly fenceMs: number;
  readonly leaseMs: number;
  readonly unlike: string | undefined;
}

export function read(cell: Cell, now: number, input: ReadInput): readonly [next: Cell, answer: TierRead] {
  const value = alive(cell.value, now);
  if (value !== undefined && value.text !== input.unlike) {
    return [cell, { kind: 'hit', value: value.text, remainingMs: value.until - now }];
  }
  const text = alive(cell.fence, now)?.text ?? input.token;
  const leader = now >= cell.leaseUntil;
  const leaseUntil = leader ? now + input.leaseMs : cell.leaseUntil;
  // A fence that is asked for lives on: whoever was told it needs it until his load ends.
  const fence: Part = { text, until: now + input.fenceMs };
  return [
    { ...cell, fence, leaseUntil },
    { kind: 'miss', fence: text, leader },
  ];
}

/** Undefined = the fence no longer stands, nothing is stored. It stands on after a fill: others may hold it too. */
export function fill(cell: Cell, now: number, value: string, ttlMs: number, fence: string): Cell | undefined {
  if (alive(cell.fence, now)?.text !== fence) return undefined;
  return { ...cell, value: { text: value, until: now + ttlMs }, leaseUntil: -Infinity };
}

function alive(part: Part | undefined, now: number): Part | undefined {
  return part !== undefined && now < part.until ? part : undefined;
}
