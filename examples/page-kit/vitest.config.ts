import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: 'page-kit', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
