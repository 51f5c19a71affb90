/** Rate limits for `node:http`. */
export {};
