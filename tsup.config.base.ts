/**
 * One build for every package: ESM and CommonJS side by side, with types for each.
 *
 * The entry names are the subpaths of `exports` in package.json; `src/index.ts` is ".".
 */
import { defineConfig } from 'tsup';

export const definePackage = (entry: Record<string, string>): ReturnType<typeof defineConfig> =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'es2023',
    // TypeScript 6 reports the options that the declaration bundler still sets as deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0', noEmit: false } },
    sourcemap: true,
    clean: true,
    treeshake: true,
    splitting: true,
    silent: true,
    // 'node:fs' and not 'fs': only the former says what it is.
    removeNodeProtocol: false,
  });
