/** Rate limits for the messages of a WebSocket. */
export {};
