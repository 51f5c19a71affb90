/**
 * Finds the TypeScript that the documentation shows: ```ts blocks in Markdown, and ```ts blocks behind `@example` in
 * doc comments.
 *
 * A block remembers where each of its lines stands in the original, so that every later message points there. The
 * blocks of one Markdown file belong together, as a reader meets them: what the first declares, the second uses.
 * Each block of a doc comment stands alone, as it does in an editor's tooltip.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fromMarkdown } from 'mdast-util-from-markdown';
import ts from 'typescript';

/** One fenced block. `line` is where its first line of code stands in the file, counted from 1. */
export interface Block {
  readonly line: number;
  readonly code: string;
}

/** Blocks of one file that form one module. */
export interface Snippet {
  readonly file: string;
  readonly blocks: readonly Block[];
}

const languages = new Set(['ts', 'typescript']);

type Node = ReturnType<typeof fromMarkdown>['children'][number];

/** The ```ts blocks of a Markdown text in order, however deep in lists and quotes they stand. */
export function markdownBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  const visit = (node: Node): void => {
    if (node.type === 'code' && languages.has(node.lang ?? '') && node.position !== undefined) {
      blocks.push({ line: node.position.start.line + 1, code: node.value });
    } else if ('children' in node) node.children.forEach(visit);
  };
  fromMarkdown(markdown).children.forEach(visit);
  return blocks;
}

/** The text of every doc comment and where it starts; the end of the file counts as a node, so the last is found. */
function docComments(source: ts.SourceFile): { text: string; line: number }[] {
  const starts = new Map<number, number>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(source.text, node.pos) ?? []) {
      if (source.text.startsWith('/**', pos)) starts.set(pos, end);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...starts]
    .sort(([a], [b]) => a - b)
    .map(([pos, end]) => ({
      text: source.text.slice(pos, end),
      line: source.getLineAndCharacterOfPosition(pos).line + 1,
    }));
}

/** The ```ts blocks behind `@example` in the doc comments of a TypeScript source. */
export function exampleBlocks(fileName: string, code: string): Block[] {
  const source = ts.createSourceFile(fileName, code, ts.ScriptTarget.ESNext, false, ts.ScriptKind.TS);
  return docComments(source).flatMap(({ text, line }) => {
    const lines = text
      .replace(/^\/\*\*/, '')
      .replace(/\*\/$/, '')
      .split('\n')
      .map((written) => written.replace(/^\s*\* ?/, '').replaceAll('*\\/', '*/'));
    // Only what stands behind a line that starts with @example; another tag outside a fence ends it.
    let inExample = false;
    let inFence = false;
    const examples = lines.map((written) => {
      if (/^\s*```/.test(written)) inFence = !inFence;
      else if (!inFence && /^\s*@\w/.test(written)) {
        inExample = /^\s*@example\b/.test(written);
        return '';
      }
      return inExample ? written : '';
    });
    return markdownBlocks(examples.join('\n')).map((block) => ({ ...block, line: block.line + line - 1 }));
  });
}

const foldersLeftOut = new Set(['node_modules', 'dist', 'coverage', 'fixtures', 'template', 'data']);

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!foldersLeftOut.has(entry.name) && !entry.name.startsWith('.')) yield* filesBelow(full);
    } else if (entry.isFile()) yield full;
  }
}

function isPage(root: string, file: string): boolean {
  const folders = path.relative(root, path.dirname(file)).split(path.sep);
  const name = path.basename(file);
  return name === 'README.md' || name === 'FORMAT.md' || (name.endsWith('.md') && folders.includes('docs'));
}

function isPackageSource(root: string, file: string): boolean {
  const [home, , folder] = path.relative(root, file).split(path.sep);
  return home === 'packages' && folder === 'src' && file.endsWith('.ts') && !file.endsWith('.d.ts');
}

/** All snippets of a workspace: pages first by path, then doc comments by path. */
export function findSnippets(root: string): Snippet[] {
  const files = [...filesBelow(root)];
  const pages = files
    .filter((file) => isPage(root, file))
    .map((file) => ({ file, blocks: markdownBlocks(readFileSync(file, 'utf8')) }))
    .filter(({ blocks }) => blocks.length > 0);
  const examples = files
    .filter((file) => isPackageSource(root, file))
    .flatMap((file) => exampleBlocks(file, readFileSync(file, 'utf8')).map((block) => ({ file, blocks: [block] })));
  return [...pages, ...examples];
}
