/** What world, router and mover say to each other over IPC (structured clones, so `undefined` arrives). */
import type { MoverStep } from '@loadbearing/consistent-hash/migrate';

/** Where a shard is; without an address, inside world. */
export interface ShardAddress {
  readonly id: string;
  readonly redis: { readonly url: string; readonly prefix: string } | null;
}

/** All that a child needs to know to begin; its first argument, as JSON. */
export interface Setup {
  /** Names its connections, so that world can end them after a kill. */
  readonly name: string;
  readonly slotMap:
    | { readonly kind: 'file'; readonly folder: string }
    | { readonly kind: 'redis'; readonly url: string; readonly key: string };
  readonly shards: readonly ShardAddress[];
  readonly batchSlots: number;
  /** What the mover waits before each write of a copy, so that it leaves most of the time to clients. */
  readonly paceMs: number;
}

export interface WireRequest {
  readonly n: number;
  readonly kind: 'get' | 'set' | 'delete';
  readonly key: string;
  readonly value: string | undefined;
}

export interface WireAnswer {
  readonly n: number;
  /** 'fenced': the slot stayed closed, nothing was done. 'failed': nobody knows. */
  readonly outcome: 'ok' | 'fenced' | 'failed';
  readonly value: string | undefined;
}

/** A call of a child to a shard inside world. */
export interface ShardCall {
  readonly type: 'call';
  readonly n: number;
  readonly id: string;
  readonly method: 'fence' | 'scan' | 'apply' | 'clear' | 'get' | 'set' | 'delete';
  readonly args: readonly unknown[];
}

export interface ShardReply {
  readonly type: 'reply';
  readonly n: number;
  readonly fenced: boolean;
  readonly value: unknown;
}

export type ToChild =
  | ShardReply
  | { readonly type: 'shard'; readonly shard: ShardAddress }
  | { readonly type: 'requests'; readonly requests: readonly WireRequest[] }
  | { readonly type: 'move' };

export type FromChild =
  | ShardCall
  | { readonly type: 'ready' }
  | { readonly type: 'answers'; readonly answers: readonly WireAnswer[] }
  | { readonly type: 'step'; readonly step: MoverStep }
  | { readonly type: 'moved'; readonly moved: number; readonly entries: number }
  | { readonly type: 'gave-up'; readonly message: string };
