import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: 'api-gateway', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
