/** The storefront as a process that can be killed and started again on the same data folder and port. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const startTimeoutMs = 60_000;

export class ShopProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(dataDir: string, port: number): Promise<ShopProcess> {
    const args = ['--import', 'tsx', 'src/main.ts', '--port', String(port), '--data', dataDir];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the shop did not open in time:\n${output}`)), startTimeoutMs);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const found = /http:\/\/localhost:\d+/.exec(output)?.[0];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
      child.once('exit', (code) => reject(new Error(`the shop ended with code ${code}:\n${output}`)));
    });
    return new ShopProcess(child, url);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Resolves when the process is gone, by whichever hand. */
  async gone(): Promise<NodeJS.Signals | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.signalCode;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.gone();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
