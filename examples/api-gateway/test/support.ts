/** The example as a process of its own. */
import { fileURLToPath } from 'node:url';
import { killExamples, startExample, type Example } from '@loadbearing-examples/page-kit/testing/terminal.ts';
import { afterAll } from 'vitest';

afterAll(killExamples);
const root = fileURLToPath(new URL('..', import.meta.url));

export type { Example };

export const start = (args: readonly string[], env?: Readonly<Record<string, string>>): Example =>
  startExample(root, args, env);
