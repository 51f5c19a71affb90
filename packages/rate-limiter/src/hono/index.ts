/** Rate limits for Hono. */
export {};
