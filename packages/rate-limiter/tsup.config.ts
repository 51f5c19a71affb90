import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({
  index: 'src/index.ts',
  redis: 'src/redis/index.ts',
  postgres: 'src/postgres/index.ts',
  sqlite: 'src/sqlite/index.ts',
  http: 'src/http/index.ts',
  node: 'src/node/index.ts',
  express: 'src/express/index.ts',
  koa: 'src/koa/index.ts',
  fastify: 'src/fastify/index.ts',
  hono: 'src/hono/index.ts',
  fetch: 'src/fetch/index.ts',
  ws: 'src/ws/index.ts',
  adaptive: 'src/adaptive/index.ts',
  testing: 'src/testing/index.ts',
});
