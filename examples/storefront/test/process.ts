/** The storefront as a process of its own. */
import { fileURLToPath } from 'node:url';
import { killExamples, startExample, type Example } from '@loadbearing-examples/page-kit/testing/terminal.ts';
import { afterAll } from 'vitest';

afterAll(killExamples);
const root = fileURLToPath(new URL('..', import.meta.url));

export interface Storefront extends Example {
  /** Its address, when it is open. Rejects when it ends before. */
  url(): Promise<string>;
}

export function start(args: readonly string[], env?: Readonly<Record<string, string>>): Storefront {
  const example = startExample(root, args, env);
  return { ...example, url: async () => (await example.said(/The storefront is open: (\S+)[^]*Ctrl-C/))[1]! };
}
