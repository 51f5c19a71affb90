/** What an import adds to a bundle: minified by esbuild and gzipped, with everything that it needs. */
import { strict as assert } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineBench } from '@loadbearing/bench-kit';
import { build } from 'esbuild';

interface Case {
  readonly name: string;
  readonly imports: string;
  readonly from: string;
}

async function bundled(imports: string, from: string) {
  const { outputFiles } = await build({
    stdin: {
      contents: `export ${imports} from '${from}'`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    write: false,
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return { value: gzipSync(code, { level: 9 }).length, check: () => assert.ok(code.length > 500) };
}

const own = (imports: string, entry = ''): Case => ({
  name: imports === '*' ? `all of .${entry}` : imports,
  imports,
  from: `@loadbearing/rate-limiter${entry}`,
});

export default defineBench<Case>({
  topic: 'size',
  title: 'Bytes an import adds, min+gzip',
  rival: 'rate-limiter-flexible',
  kind: 'value',
  cases: [
    own('{ createLimiter, gcra, TableStore }'),
    own('*'),
    own('*', '/redis'),
    own('*', '/postgres'),
    own('*', '/sqlite'),
    own('*', '/http'),
    own('*', '/express'),
    own('*', '/adaptive'),
  ],
  contenders: {
    '@loadbearing/rate-limiter': ({ imports, from }) => bundled(imports, from),
    'rate-limiter-flexible': () => bundled('{ RateLimiterMemory }', 'rate-limiter-flexible/lib/RateLimiterMemory.js'),
  },
});
