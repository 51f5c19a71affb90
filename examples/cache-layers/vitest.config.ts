import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: 'cache-layers', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
