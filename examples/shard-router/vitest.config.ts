import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: 'shard-router', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
