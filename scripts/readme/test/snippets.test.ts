import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SnippetError, joinBlocks } from '../module.ts';
import { exampleBlocks, markdownBlocks } from '../snippets.ts';
import { page } from '../../test/workspace-fixture.ts';

describe('the blocks of a page', () => {
  it('are its ts fences, each with the line of its first line of code', () => {
    const text = page(
      '# A',
      '',
      '~~~ts',
      'one();',
      'two();',
      '~~~',
      '',
      '~~~sh',
      'npm i',
      '~~~',
      '~~~typescript',
      'three();',
      '~~~',
    );
    expect(markdownBlocks(text)).toEqual([
      { line: 4, code: 'one();\ntwo();' },
      { line: 12, code: 'three();' },
    ]);
  });
  it('are found inside lists and quotes', () => {
    const text = page('1. do', '', '   ~~~ts', '   one();', '   ~~~', '', '> ~~~ts', '> two();', '> ~~~');
    expect(markdownBlocks(text)).toEqual([
      { line: 4, code: 'one();' },
      { line: 8, code: 'two();' },
    ]);
  });
  it.each(['js', 'text', 'json', 'tsx', ''])('are not the fences of language "%s"', (language) => {
    expect(markdownBlocks(page(`~~~${language}`, 'one();', '~~~'))).toEqual([]);
  });
});

describe('the examples of a source', () => {
  it('are the ts fences behind @example, with the lines of the source', () => {
    const source = page(
      '/** Header.',
      ' *',
      ' * @example',
      ' * ~~~ts',
      ' * const a = 1; // indented',
      ' *   two();',
      ' * ~~~',
      ' */',
      'export const a = 1;',
      'class Inner {',
      '  /**',
      '   * @returns text',
      '   * @example',
      '   * ~~~ts',
      '   * three();',
      '   * ~~~',
      '   * @throws never',
      '   */',
      '  method() {}',
      '}',
    );
    expect(exampleBlocks('a.ts', source)).toEqual([
      { line: 5, code: 'const a = 1; // indented\n  two();' },
      { line: 15, code: 'three();' },
    ]);
  });
  it('are not fences outside @example, nor what looks like a comment inside a string', () => {
    const source = page(
      '/**',
      ' * ~~~ts',
      ' * prose();',
      ' * ~~~',
      ' * @param x',
      ' * ~~~ts',
      ' * also();',
      ' * ~~~',
      ' */',
      'const text = "/** @example\\n~~~ts\\nno();\\n~~~ */";',
    );
    expect(exampleBlocks('a.ts', source)).toEqual([]);
  });
  it('are found in a comment that nothing follows', () => {
    expect(
      exampleBlocks('a.ts', page('const a = 1;', '/**', ' * @example', ' * ~~~ts', ' * a();', ' * ~~~', ' */')),
    ).toEqual([{ line: 5, code: 'a();' }]);
  });
});

describe('joining blocks', () => {
  it('writes each binding once, above the blocks, and leaves every other line where it was', () => {
    const joined = joinBlocks([
      { line: 10, code: "import { a, type T } from 'x';\nimport d from 'y';\nuse(a, d);" },
      {
        line: 20,
        code: "import { a } from \"x\";\nimport { T } from 'x';\nimport * as n from 'z';\nimport 'effect';\nmore(a);",
      },
    ]);
    expect(joined.imports.split('\n').sort()).toEqual(
      [
        "import 'effect';",
        "import * as n from 'z';",
        "import d from 'y';",
        "import { T } from 'x';",
        "import { a } from 'x';",
      ].sort(),
    );
    expect(joined.code.split('\n')).toHaveLength(joined.lines.length);
    expect(joined.lines[joined.code.split('\n').indexOf('use(a, d);')]).toBe(12);
    expect(joined.lines[joined.code.split('\n').indexOf('more(a);')]).toBe(24);
    expect(joined.lines[joined.code.split('\n').indexOf("import * as n from 'z';")]).toBe(22);
  });
  it('keeps a type a type until a value of that name is imported', () => {
    expect(joinBlocks([{ line: 1, code: "import type { T } from 'x';" }]).imports).toBe("import type { T } from 'x';");
    const both = joinBlocks([
      { line: 1, code: "import type { T } from 'x';" },
      { line: 5, code: "import { T } from 'x';" },
    ]);
    expect(both.imports).toBe("import { T } from 'x';");
  });
  it.each([
    ["import { a } from 'x';", "import { a } from 'y';"],
    ["import { a } from 'x';", "import { b as a } from 'x';"],
    ["import a from 'x';", "import { a } from 'x';"],
  ])('refuses one name for two things: %s %s', (first, second) => {
    const join = (): unknown =>
      joinBlocks([
        { line: 1, code: first },
        { line: 7, code: second },
      ]);
    expect(join).toThrow(SnippetError);
    expect(join).toThrow(/"a" is imported from .* here and from .* in line 1/);
  });
  it('maps every line of any blocks to where it stands', () => {
    const block = fc.record({
      gap: fc.integer({ min: 0, max: 50 }),
      imports: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
      statements: fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 5 }), (drawn) => {
        // The page: line number -> text. Blocks follow each other with gaps of prose between them.
        const original = new Map<number, string>();
        let line = 1;
        const blocks = drawn.map(({ gap, imports, statements }) => {
          line += gap;
          const start = line;
          const texts = [
            ...imports.map((n) => `import { i${n} } from 'm${n}';`),
            ...statements.map((n) => `call(${n});`),
          ];
          for (const text of texts) original.set(line++, text);
          return { line: start, code: texts.join('\n') };
        });
        const { code, lines } = joinBlocks(blocks);
        const written = code.split('\n');
        expect(written.length).toBe(lines.length);
        for (const [i, text] of written.entries()) {
          if (text.trim() !== '') expect(original.get(lines[i]!)).toBe(text);
        }
        const imported = written.filter((text) => text.startsWith('import '));
        expect(imported.length).toBe(new Set(drawn.flatMap(({ imports }) => imports)).size);
        const called = written.filter((text) => text.startsWith('call('));
        expect(called.length).toBe(drawn.flatMap(({ statements }) => statements).length);
      }),
    );
  });
});
