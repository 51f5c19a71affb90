import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A workspace in a temporary folder with one built package, `@demo/box`. */
export class WorkspaceFixture {
  readonly root: string = realpathSync(mkdtempSync(path.join(tmpdir(), 'workspace-')));

  constructor() {
    const manifest = {
      name: '@demo/box',
      version: '1.0.0',
      description: 'A box | with a lid',
      type: 'module',
      exports: {
        '.': {
          import: { types: './dist/index.d.ts', default: './dist/index.js' },
          require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
        },
        './package.json': './package.json',
      },
      files: ['dist'],
    };
    const types = 'export declare class Box<T> {\n  constructor(content: T);\n  open(): T;\n}\n';
    const box =
      'class Box {\n  constructor(content) {\n    this.content = content;\n  }\n  open() {\n    return this.content;\n  }\n}\n';
    this.write('package.json', JSON.stringify({ name: 'root', private: true }));
    this.write('packages/box/package.json', JSON.stringify(manifest));
    this.write('packages/box/dist/index.js', `export ${box}`);
    this.write('packages/box/dist/index.d.ts', types);
    this.write('packages/box/dist/index.cjs', `'use strict';\n${box}exports.Box = Box;\n`);
    this.write('packages/box/dist/index.d.cts', types);
  }

  write(file: string, text: string): string {
    const full = path.join(this.root, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}

/** Lines as a file; `~~~` stands for a code fence, which cannot be written inside one. */
export const page = (...lines: string[]): string => `${lines.join('\n').replaceAll('~~~', '```')}\n`;
