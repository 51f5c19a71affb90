/** Limits on the messages of a WebSocket. */
export { guardMessages } from './guard-messages.ts';
export type { MessageData, MessageOptions, MessageSource } from './guard-messages.ts';
