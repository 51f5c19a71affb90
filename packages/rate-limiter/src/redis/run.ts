/**
 * Running a script: by its SHA-1 if the server has it, which is one short line instead of kilobytes; by its text if not.
 *
 * A server forgets its scripts when it restarts, fails over or is told to; NOSCRIPT says so before anything was done, so
 * the text may be sent then; what else is under way may be decided before it. After any other error it is unknown what was
 * done, and nothing is sent again.
 */
import type { RedisScripting } from './clients.ts';

export class Script {
  readonly text: string;
  /** One for all who wait for it, so that they are sent in the order in which they came. */
  private sha: Promise<string> | undefined;

  constructor(text: string) {
    this.text = text;
  }

  async run(client: RedisScripting, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const sha = await (this.sha ??= sha1(this.text));
    try {
      return await client.evalsha(sha, keys, args);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      return client.eval(this.text, keys, args);
    }
  }
}

const isNoScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT');

async function sha1(text: string): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-1', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const scripts = new Map<string, Script>();

/** The script called `name`, made once. There are as many as the program has sequences of algorithms. */
export function scriptNamed(name: string, textOf: () => string): Script {
  let script = scripts.get(name);
  if (script === undefined) {
    script = new Script(textOf());
    scripts.set(name, script);
  }
  return script;
}
