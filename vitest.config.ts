import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*', 'examples/*', 'scripts', 'scripts/bench-kit'],
    // Model tests are slow on a loaded machine, and a slow machine is not a failure.
    testTimeout: 60_000,
    coverage: { include: ['packages/*/src/**/*.ts'] },
  },
});
