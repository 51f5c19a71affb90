/** Programs that use the source in processes of their own. The oldest Node here runs no TypeScript, so it is stripped first. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const packageDir = fileURLToPath(new URL('../..', import.meta.url));
let stripped: string | undefined;

/** The folder of `src` as JavaScript. */
function strip(): string {
  if (stripped !== undefined) return stripped;
  const to = mkdtempSync(path.join(tmpdir(), 'rate-limiter-src-'));
  process.once('exit', () => rmSync(to, { recursive: true, force: true }));
  writeFileSync(path.join(to, 'package.json'), '{"type":"module"}');
  const from = path.join(packageDir, 'src');
  for (const file of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const { outputText } = ts.transpileModule(readFileSync(path.join(from, file), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        rewriteRelativeImportExtensions: true,
      },
    });
    mkdirSync(path.dirname(path.join(to, file)), { recursive: true });
    writeFileSync(path.join(to, file.replace(/ts$/, 'js')), outputText);
  }
  return (stripped = to);
}

/** Runs a module, which finds the URL of the folder in `src`, and answers what it printed. */
export function runProgram(program: string): Promise<string> {
  const src = `const src = ${JSON.stringify(`${pathToFileURL(strip()).href}/`)};`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', src + program], {
      cwd: packageDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    });
    let said = '';
    let complained = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (complained += text.toString()));
    child.once('close', (code) => (code === 0 ? resolve(said) : reject(new Error(complained))));
  });
}
