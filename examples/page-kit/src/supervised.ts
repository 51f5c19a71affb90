/**
 * A child process that is started again whenever it ends, until `stop`.
 *
 * A kill is our own doing and costs nothing. A child that ends by itself again and again before it was ready does so
 * for a reason that a restart does not cure: then the supervisor gives up and says so.
 *
 * The child's first argument is its setup, as text; it says `{ type: 'ready' }` once it can work.
 */
import { fork, type ChildProcess } from 'node:child_process';

const failuresMax = 3;

export interface SupervisedOptions<FromChild> {
  readonly name: string;
  readonly file: URL;
  /** What lets node run it as TypeScript: `import.meta.resolve('tsx')` of the example. */
  readonly loader: string;
  /** Its first argument; asked anew for each start. */
  readonly setup: (generation: number) => string;
  /** Everything that it says, `ready` included. */
  readonly onMessage: (message: FromChild) => void;
  readonly onReady?: () => void;
  /** It is dead, and everything it ever sent has arrived. */
  readonly onDown?: (generation: number) => void;
  readonly onFatal: (error: Error) => void;
}

export interface ProcessState {
  readonly pid: number | null;
  readonly up: boolean;
  readonly kills: number;
}

export class Supervised<ToChild extends object, FromChild extends { readonly type: string }> {
  readonly #options: SupervisedOptions<FromChild>;
  #child: ChildProcess | undefined;
  #generation = 0;
  #failures = 0;
  #kills = 0;
  #isReady = false;
  #isStopped = false;
  #down: Promise<void> = Promise.resolve();

  constructor(options: SupervisedOptions<FromChild>) {
    this.#options = options;
    this.#start();
  }

  get state(): ProcessState {
    const pid = this.#child?.pid;
    return { pid: pid ?? null, up: this.#isReady, kills: this.#kills };
  }

  /** False while it is down: nothing is sent then, and its successor is told what it must know when it is ready. */
  send(message: ToChild): boolean {
    const isSent = this.#isReady && this.#child?.connected === true;
    if (isSent) this.#child!.send(message, () => undefined);
    return isSent;
  }

  /** SIGKILL; the pid, or undefined when it is down already. */
  kill(): number | undefined {
    const child = this.#child;
    const pid = child?.pid;
    if (pid === undefined || child!.killed || !child!.kill('SIGKILL')) return undefined;
    this.#kills++;
    this.#isReady = false;
    this.#failures = 0;
    return pid;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child?.kill('SIGKILL');
    await this.#down;
  }

  #start(): void {
    const { name, file, loader, setup, onMessage, onReady, onDown, onFatal } = this.#options;
    const generation = ++this.#generation;
    const child = fork(file, [setup(generation)], {
      // A young generation of 32 MiB: what a request leaves behind dies there, and is not swept in one long pause later.
      execArgv: ['--max-semi-space-size=32', '--import', loader],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (message: FromChild) => {
      if (message.type === 'ready') {
        this.#isReady = true;
        this.#failures = 0;
        onReady?.();
      }
      onMessage(message);
    });
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve));
    this.#down = Promise.all([exited, disconnected]).then(() => {
      this.#child = undefined;
      this.#isReady = false;
      if (this.#isStopped) return;
      onDown?.(generation);
      if (++this.#failures > failuresMax) onFatal(new Error(`the ${name} ended ${failuresMax + 1} times in a row`));
      else this.#start();
    });
  }
}
