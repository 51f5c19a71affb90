/** Rate limits for Fastify. */
export {};
