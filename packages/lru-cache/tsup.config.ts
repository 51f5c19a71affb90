import { defineConfig } from 'tsup';
import { definePackage } from '../../tsup.config.base.ts';

export default [
  definePackage({
    index: 'src/index.ts',
    policies: 'src/policies/index.ts',
    expiry: 'src/expiry/index.ts',
    simulate: 'src/simulate/index.ts',
    compat: 'src/compat/index.ts',
    tiered: 'src/tiered/index.ts',
    redis: 'src/redis/index.ts',
    http: 'src/http/index.ts',
    'http/node': 'src/http/node.ts',
    diagnostics: 'src/diagnostics/index.ts',
  }),
  // A program, not a library: one file with all that it needs.
  defineConfig({
    entry: { 'bin/lru-cache': 'src/bin/lru-cache.ts' },
    format: 'esm',
    target: 'es2023',
    treeshake: true,
    silent: true,
    removeNodeProtocol: false,
  }),
];
