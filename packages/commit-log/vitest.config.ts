import { defineProject } from 'vitest/config';

export default defineProject({ test: { name: 'commit-log', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
