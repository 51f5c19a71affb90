import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: 'lru-cache', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
