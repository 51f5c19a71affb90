/** Rate limits for Koa. */
export {};
