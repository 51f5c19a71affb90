import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'bench-kit', include: ['test/**/*.test.ts'], exclude: ['**/node_modules/**'], testTimeout: 60_000 },
});
