/** Slots that change their owner online: a map behind compare-and-set, routers that follow it, movers that carry it out. */
export { initSlotMap, setGoal } from './document.ts';
export type { Garbage, SlotMapDocument, SlotMapStore } from './document.ts';
export { slotRouter } from './router.ts';
export type { Address, RouterResult, SlotRouter, SlotRouterOptions } from './router.ts';
export { slotMover } from './mover.ts';
export type { MoverStep, SlotMover, SlotMoverOptions } from './mover.ts';
export { FENCED } from './shard.ts';
export type { ClientShard, Done, Fenced, ScanPage, Shard } from './shard.ts';
export { memoryShard, memorySlotMapStore } from './memory.ts';
export type { Clock } from './clock.ts';
