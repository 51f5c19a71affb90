/** The part of jsdom that the tests use. Its published types bring the whole DOM, which must not be there when the package's own types are checked. */
declare module 'jsdom' {
  export class JSDOM {
    constructor(html: string, options: { runScripts: 'outside-only' });
    readonly window: { eval(code: string): unknown; close(): void };
  }
}
