/**
 * Recorded traces, where the reader has them.
 *
 * Container: brotli of zigzag LEB128 deltas of dense ids numbered by first appearance. They are looked for in the folder
 * that `TRACES` names, else in `shared/data/traces` beside the repository; they are not part of it, so whoever asks for one
 * must be ready for `undefined`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

export const openTraces = [
  'web12',
  'orm-busy',
  'scarab-recs',
  'arc-oltp',
  'lirs-multi1',
  'lirs-multi2',
  'lirs-multi3',
  'lirs-2_pools',
] as const;

export type OpenTrace = (typeof openTraces)[number];

const folder = process.env['TRACES'] ?? fileURLToPath(new URL('../../../../shared/data/traces', import.meta.url));

/** The trace, or undefined where it is not present. */
export function openTrace(name: OpenTrace): { name: OpenTrace; ids: Uint32Array; unique: number } | undefined {
  const file = `${folder}/${name}.trace.br`;
  if (!existsSync(file)) return undefined;
  const bytes = brotliDecompressSync(readFileSync(file));
  const ids = new Uint32Array(bytes.reduce((count, byte) => count + (byte < 128 ? 1 : 0), 0));
  let [id, unique, at] = [0, 0, 0];
  for (let k = 0; k < ids.length; k++) {
    let [zigzag, scale] = [0, 1];
    for (let more = true; more; scale *= 128) {
      const byte = bytes[at++] as number;
      zigzag += (byte & 127) * scale;
      more = byte >= 128;
    }
    id += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
    ids[k] = id;
    if (id >= unique) unique = id + 1;
  }
  return { name, ids, unique };
}
