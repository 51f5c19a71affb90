/**
 * Type-checks all snippets in one program, against the declarations that the packages are published with.
 *
 * The options are the strict ones that a careful reader might have switched on; a snippet that passes here passes
 * under laxer ones. What only concerns the style of our own sources (unused names, index signatures) is off.
 */
import path from 'node:path';
import ts from 'typescript';

const here = import.meta.dirname;

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
  typeRoots: [path.join(here, '..', 'node_modules', '@types')],
};

export interface TypeFault {
  readonly file: string;
  /** Line of the checked file, counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** What the compiler finds wrong in the given files, and only in them. */
export function checkTypes(files: readonly string[]): TypeFault[] {
  if (files.length === 0) return [];
  const program = ts.createProgram([...files], options);
  const text = (message: string | ts.DiagnosticMessageChain): string => ts.flattenDiagnosticMessageText(message, '\n');
  for (const { messageText } of [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()]) {
    throw new Error(`the compiler cannot check snippets: ${text(messageText)}`);
  }
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start, messageText, code }) => ({
        file,
        line: (source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0) + 1,
        message: `TS${code}: ${text(messageText)}`,
      }),
    );
  });
}
