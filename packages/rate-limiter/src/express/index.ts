/** Rate limits for Express. */
export {};
