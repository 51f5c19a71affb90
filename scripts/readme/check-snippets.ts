/**
 * Checks snippets: joins, type-checks and runs each, and reports every fault with its place in the original.
 *
 * Types and behaviour are both checked even if one fails: whoever mends a page wants the whole list.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { transform } from 'esbuild';
import { pool } from '../pool.ts';
import { shown } from '../workspace.ts';
import { checkTypes } from './check-types.ts';
import { runModule, translate } from './execute.ts';
import { SnippetError, joinBlocks } from './module.ts';
import type { JoinedModule } from './module.ts';
import type { Snippet } from './snippets.ts';
import { Stage, ownerOf } from './stage.ts';

export interface Fault {
  /** Path relative to the root, with "/". */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Staged {
  readonly name: string;
  readonly joined: JoinedModule;
  readonly folder: string;
  /** Path of the staged module without extension. */
  readonly stem: string;
}

const snippetsAtOnce = 2;

async function run({ name, joined, folder, stem }: Staged, limitMs: number): Promise<Fault[]> {
  const file = `${stem}.mjs`;
  try {
    const { code, map } = await transform(joined.code, {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcemap: 'external',
      // Types imported without `type` are a matter for the type check; here they vanish, as under most tsconfigs.
      tsconfigRaw: { compilerOptions: {} },
    });
    writeFileSync(file, code);
    writeFileSync(`${file}.map`, map);
  } catch (error) {
    // A syntax error; the type check reports it with its place.
    if (error instanceof Error && 'errors' in error) return [];
    throw error;
  }
  const { failure, output } = await runModule(file, path.join(folder, 'tmp'), limitMs);
  if (failure === undefined) return [];
  const translated = translate(output, file, name, joined.lines);
  const said = translated.output.trim().split('\n').slice(0, 30).join('\n');
  const line = translated.first?.line ?? joined.lines[0] ?? 1;
  return [{ file: name, line, message: said === '' ? failure : `${failure}\n${said}` }];
}

/** Every fault of the given snippets, ordered by file and line. */
export async function checkSnippets(root: string, snippets: readonly Snippet[], limitMs = 30_000): Promise<Fault[]> {
  const stage = new Stage(root);
  try {
    const faults: Fault[] = [];
    const staged: Staged[] = [];
    for (const [index, { file, blocks }] of snippets.entries()) {
      const name = shown(root, file);
      try {
        const joined = joinBlocks(blocks);
        const folder = stage.folderOf(ownerOf(root, file));
        const stem = path.join(folder, `snippet-${index}`);
        writeFileSync(`${stem}.mts`, joined.code);
        staged.push({ name, joined, folder, stem });
      } catch (error) {
        if (!(error instanceof SnippetError)) throw error;
        faults.push({ file: name, line: error.line, message: error.message });
      }
    }
    const byFile = new Map(staged.map((one) => [`${one.stem}.mts`, one]));
    for (const { file, line, message } of checkTypes([...byFile.keys()])) {
      const { name, joined } = byFile.get(file)!;
      faults.push({ file: name, line: joined.lines[line - 1] ?? 1, message });
    }
    faults.push(...(await pool(staged, snippetsAtOnce, (one) => run(one, limitMs))).flat());
    return faults.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  } finally {
    stage.remove();
  }
}
