/** An example as a process, for its browser tests: started on a free port, stopped with all that it started. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const startTimeoutMs = 120_000;
const stopTimeoutMs = 5_000;

export class ExampleProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** `root`: the example's folder. Resolves when it says where its page is; `--port 0` takes a free port. */
  static async start(root: string, args: readonly string[]): Promise<ExampleProcess> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the example did not open in time:\n${output}`));
      }, startTimeoutMs);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const found = /http:\/\/localhost:\d+/.exec(output)?.[0];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
      child.once('exit', (code) => reject(new Error(`the example ended with code ${code}:\n${output}`)));
    });
    return new ExampleProcess(child, url);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Resolves when it is gone, by whichever hand, with the signal that ended it. */
  async gone(): Promise<NodeJS.Signals | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.signalCode;
  }

  /** Asks it to end, and does not ask for ever. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), stopTimeoutMs);
    await this.gone();
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
