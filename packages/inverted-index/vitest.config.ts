import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: 'inverted-index', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
