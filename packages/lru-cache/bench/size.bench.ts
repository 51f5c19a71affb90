/**
 * What an import adds to a bundle: minified by esbuild and gzipped, with everything that it needs.
 *
 * Each case is one named import; lru-cache is one class whatever part of it is used.
 */
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
      contents: `export { ${imports} } from '${from}'`,
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
  name: entry === '' ? `{ ${imports} }` : `{ ${imports} } of .${entry}`,
  imports,
  from: `@loadbearing/lru-cache${entry}`,
});

export default defineBench<Case>({
  topic: 'size',
  title: 'Bytes an import adds, min+gzip',
  rival: 'lru-cache',
  kind: 'value',
  cases: [
    own('LruCache'),
    own('LoadingCache'),
    own('LRUCache', '/compat'),
    own('sieve', '/policies'),
    own('s3Fifo', '/policies'),
    own('arc', '/policies'),
    own('wTinyLfu', '/policies'),
    own('robust', '/policies'),
    own('timingWheel', '/expiry'),
    own('TieredCache', '/tiered'),
    own('redisTier, redisBus', '/redis'),
    own('httpCache', '/http'),
    own('nodeHttpCache', '/http/node'),
    own('channelObserver, prometheusText', '/diagnostics'),
  ],
  contenders: {
    '@loadbearing/lru-cache': ({ imports, from }) => bundled(imports, from),
    'lru-cache': () => bundled('LRUCache', 'lru-cache'),
  },
});
