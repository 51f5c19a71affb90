/** Limits that a fleet shares through PostgreSQL, for those who have no Redis. */
export {};
