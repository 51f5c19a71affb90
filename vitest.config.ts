import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*', 'examples/*', 'scripts', 'scripts/bench-kit'],
    // Model tests are slow on a loaded machine, and a slow machine is not a failure.
    testTimeout: 60_000,
    // All cores: the default leaves one idle, which on a machine with two is half of it.
    maxWorkers: '100%',
    coverage: { include: ['packages/*/src/**/*.ts'] },
  },
});
