/**
 * Type-checks every entry point of an installed package as each kind of project resolves it: node16 and nodenext from
 * an ES module and from a CommonJS module, bundler from a module.
 *
 * Everything is strict, and skipLibCheck is off: the declarations themselves must be right, not only how they are
 * used. Source files of the standard library are parsed once and shared by all programs.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const { ModuleKind, ModuleResolutionKind } = ts;

const resolutions = {
  node16: { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 },
  nodenext: { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext },
  bundler: { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler },
};

type Resolution = keyof typeof resolutions;

/** One kind of project: how it resolves, and what its file looks like. */
interface Project {
  readonly resolution: Resolution;
  readonly file: string;
  readonly importing: (local: string, specifier: string) => string;
}

const asModule: Project['importing'] = (local, specifier) => `import * as ${local} from '${specifier}';`;
const asCommonJs: Project['importing'] = (local, specifier) => `import ${local} = require('${specifier}');`;

const projects: readonly Project[] = [
  { resolution: 'node16', file: 'esm.mts', importing: asModule },
  { resolution: 'node16', file: 'cjs.cts', importing: asCommonJs },
  { resolution: 'nodenext', file: 'esm.mts', importing: asModule },
  { resolution: 'nodenext', file: 'cjs.cts', importing: asCommonJs },
  { resolution: 'bundler', file: 'bundled.ts', importing: asModule },
];

/** Parsed files by path and by how they are parsed; shared by the programs of one run. */
export type ParsedFiles = Map<string, ts.SourceFile | undefined>;

function sharingHost(options: ts.CompilerOptions, parsed: ParsedFiles): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (file, how, ...rest) => {
    const mode = typeof how === 'object' ? `${how.languageVersion} ${how.impliedNodeFormat ?? ''}` : String(how);
    const key = `${mode} ${options.moduleResolution ?? ''} ${file}`;
    if (!parsed.has(key)) parsed.set(key, parse(file, how, ...rest));
    return parsed.get(key);
  };
  return host;
}

/** What is wrong with the types of the given specifiers in a project below `folder`; empty when nothing is. */
export function checkEntryTypes(folder: string, specifiers: readonly string[], parsed: ParsedFiles): string[] {
  return projects.flatMap(({ resolution, file, importing }) => {
    const full = path.join(folder, file);
    // Using each namespace as a value makes the compiler resolve it as a value, not only as a name.
    const lines = specifiers.map(
      (specifier, n) => `${importing(`m${n}`, specifier)} export const used${n}: object = m${n};`,
    );
    writeFileSync(full, `${lines.join('\n')}\n`);
    const options: ts.CompilerOptions = {
      ...resolutions[resolution],
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
      typeRoots: [path.join(import.meta.dirname, '..', 'node_modules', '@types')],
    };
    const program = ts.createProgram([full], options, sharingHost(options, parsed));
    // The consumer's file and the declarations of the package; the standard library's are not on trial.
    const onTrial = program
      .getSourceFiles()
      .filter(({ fileName }) => path.resolve(fileName).startsWith(folder + path.sep));
    const diagnostics = [
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...onTrial.flatMap((source) => [
        ...program.getSyntacticDiagnostics(source),
        ...program.getSemanticDiagnostics(source),
      ]),
    ];
    return diagnostics.map((diagnostic) => {
      const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
      const place = diagnostic.file === undefined ? '' : ` ${path.relative(folder, diagnostic.file.fileName)}`;
      return `types, ${resolution},${place || ` ${file}`}: TS${diagnostic.code}: ${message}`;
    });
  });
}
