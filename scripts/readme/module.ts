/**
 * Joins the blocks of a snippet into one ECMAScript module.
 *
 * A page repeats its imports so that each block can be read alone; a module may bind a name only once. So imports are
 * taken out of the blocks, and each binding is written once above them, on a line of its own. Where they stood, spaces
 * stay: the rest keeps its lines and columns. `lines[n]` tells where line n of the module stands in the original.
 *
 * Two blocks that bind one name to different things are an error: a reader who follows both could not run them.
 */
import ts from 'typescript';
import type { Block } from './snippets.ts';

export interface JoinedModule {
  /** One import per line, each binding once. */
  readonly imports: string;
  /** The blocks without their imports. */
  readonly body: string;
  /** `imports` and `body`. */
  readonly code: string;
  /** For each line of `code`, the line of the original, counted from 1. */
  readonly lines: readonly number[];
}

/** A snippet that cannot become a module; `line` is where in the original. */
export class SnippetError extends Error {
  override readonly name = 'SnippetError';
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

interface Binding {
  /** What is imported, in the words of the statement without `type`. */
  readonly what: string;
  readonly from: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** The local names that an import statement binds; a statement that binds none is kept under its own text. */
function bindingsOf(statement: ts.ImportDeclaration, source: ts.SourceFile, line: number): [string, Binding][] {
  const attributes = statement.attributes === undefined ? '' : ` ${statement.attributes.getText(source)}`;
  const from = statement.moduleSpecifier.getText(source) + attributes;
  const clause = statement.importClause;
  if (clause === undefined) return [[`import ${from}`, { what: '', from, typeOnly: false, line }]];
  const typeOnly = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const found: [string, Binding][] = [];
  if (clause.name !== undefined) found.push([clause.name.text, { what: clause.name.text, from, typeOnly, line }]);
  const named = clause.namedBindings;
  if (named !== undefined && ts.isNamespaceImport(named)) {
    found.push([named.name.text, { what: `* as ${named.name.text}`, from, typeOnly, line }]);
  }
  for (const element of named !== undefined && ts.isNamedImports(named) ? named.elements : []) {
    const imported = element.propertyName === undefined ? '' : `${element.propertyName.getText(source)} as `;
    const what = `{ ${imported}${element.name.text} }`;
    found.push([element.name.text, { what, from, typeOnly: typeOnly || element.isTypeOnly, line }]);
  }
  return found;
}

/**
 * @throws {SnippetError} when two imports bind one name to different things
 */
export function joinBlocks(blocks: readonly Block[]): JoinedModule {
  const bindings = new Map<string, Binding>();
  const bodies: string[] = [];
  for (const block of blocks) {
    const source = ts.createSourceFile('block.ts', block.code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);
    let body = block.code;
    for (const statement of source.statements.filter(ts.isImportDeclaration)) {
      const start = statement.getStart(source);
      const line = block.line + source.getLineAndCharacterOfPosition(start).line;
      body = body.slice(0, start) + body.slice(start, statement.end).replace(/[^\n]/g, ' ') + body.slice(statement.end);
      for (const [local, binding] of bindingsOf(statement, source, line)) {
        const known = bindings.get(local);
        if (known !== undefined && (known.what !== binding.what || unquoted(known.from) !== unquoted(binding.from))) {
          throw new SnippetError(
            `"${local}" is imported from ${binding.from} here and from ${known.from} in line ${known.line}`,
            line,
          );
        }
        // A value can be used as a type, not the other way round.
        if (known === undefined || (known.typeOnly && !binding.typeOnly)) bindings.set(local, binding);
      }
    }
    bodies.push(body);
  }
  const imports = [...bindings.values()].map(({ what, from, typeOnly }) =>
    what === '' ? `import ${from};` : `import ${typeOnly ? 'type ' : ''}${what} from ${from};`,
  );
  const lines = [
    ...[...bindings.values()].map(({ line }) => line),
    ...blocks.flatMap(({ code, line }) => code.split('\n').map((_, index) => line + index)),
  ];
  const body = bodies.join('\n');
  return { imports: imports.join('\n'), body, code: [...imports, body].join('\n'), lines };
}

const unquoted = (specifier: string): string => specifier.replaceAll('"', "'");
