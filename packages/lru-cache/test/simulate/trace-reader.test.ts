import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TraceFormat, TraceFormatError, TraceReader } from '../../src/simulate/trace-reader.ts';

const read = (text: string, format?: TraceFormat): number[] => {
  const reader = new TraceReader(format);
  reader.write(text);
  return [...reader.end('test').ids];
};

describe('a trace of text', () => {
  it('is a request a line, the whole line being the key', () => {
    expect(read('a b\nc\na b\n')).toEqual([0, 1, 0]);
  });

  it('may end without a line feed, and use carriage returns', () => {
    expect(read('a\r\nb\r\na')).toEqual([0, 1, 0]);
  });

  it('has no request in empty lines and in comments', () => {
    expect(read('# a comment\na\n\n\r\n#\nb')).toEqual([0, 1]);
  });

  it('takes the key from a column', () => {
    expect(read('1  x\t9\n2 y 9\n3 x 9', { column: 2 })).toEqual([0, 1, 0]);
    expect(read('1,x\n2,\n3,x', { column: 2, separator: ',' })).toEqual([0, 1, 0]);
  });

  it('says which line lacks the column', () => {
    expect(() => read('# head\n1 x\n2', { column: 2 })).toThrow(TraceFormatError);
    expect(() => read('# head\n1 x\n2', { column: 2 })).toThrow('line 3 has 1 columns');
  });

  it('treats keys that are names of object properties as keys', () => {
    expect(read('__proto__\nconstructor\n__proto__')).toEqual([0, 1, 0]);
  });

  it('is the same however the text is cut into pieces', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '\r', '#'), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.array(fc.nat(160), { maxLength: 8 }), (lines, cuts) => {
        const text = lines.join('\n');
        const reader = new TraceReader();
        let from = 0;
        for (const cut of cuts.sort((a, b) => a - b)) {
          reader.write(text.slice(from, cut));
          from = Math.max(from, cut);
        }
        reader.write(text.slice(from));
        const { ids, unique } = reader.end('test');
        expect([...ids]).toEqual(read(text));
        expect(unique).toBe(new Set(ids).size);
      }),
    );
  });

  it('grows beyond its first allocation', () => {
    const ids = read(Array.from({ length: 5000 }, (_, i) => String(i % 3000)).join('\n'));
    expect(ids).toEqual(Array.from({ length: 5000 }, (_, i) => i % 3000));
  });

  it('refuses a column or separator that makes no sense', () => {
    for (const column of [0, 1.5, NaN, -1]) expect(() => new TraceReader({ column })).toThrow(RangeError);
    expect(() => new TraceReader({ separator: '' })).toThrow(TypeError);
  });
});
