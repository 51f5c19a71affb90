import { defineProject } from 'vitest/config';

export default defineProject({
  test: { name: 'consistent-hash', include: ['test/**/*.test.ts'], testTimeout: 60_000 },
});
