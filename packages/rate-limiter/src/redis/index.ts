/** Limits that a fleet shares through Redis or Valkey: one round trip a decision, or one for many. */
export {};
