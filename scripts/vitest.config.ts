import { defineProject } from 'vitest/config';

export default defineProject({
  test: {
    name: 'scripts',
    include: ['test/**/*.test.ts', '*/test/**/*.test.ts'],
    exclude: ['bench-kit/**', '**/node_modules/**'],
    testTimeout: 60_000,
  },
});
