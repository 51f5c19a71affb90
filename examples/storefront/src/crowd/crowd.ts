/** The shop's side of the flash crowd: starts the process, listens to it, and stops it. One crowd at a time. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CrowdView } from '../live-state.ts';
import type { CrowdOrder, CrowdReport } from './main.ts';

export const crowdSecondsMax = 30;
/** As many as the documentation range has addresses. */
export const crowdClientsMax = 200;

const program = fileURLToPath(new URL('./main.ts', import.meta.url));
const nothingYet: CrowdReport = { sent: 0, admitted: 0, rejected: 0, orders: 0, failed: 0, p50Ms: null, p99Ms: null };

export class Crowd {
  #child: ChildProcess | undefined;
  #clients = 0;
  #endsMs = 0;
  #report: CrowdReport | undefined;

  /** False when a crowd is already there. */
  start(order: CrowdOrder): boolean {
    if (this.#child !== undefined) return false;
    const child = fork(program, {
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#clients = order.clients;
    this.#endsMs = performance.now() + order.seconds * 1000;
    this.#report = nothingYet;
    child.on('message', (report: CrowdReport) => (this.#report = report));
    child.on('error', () => this.#gone(child));
    child.once('exit', () => this.#gone(child));
    child.send(order);
    return true;
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
  }

  view(): CrowdView | null {
    if (this.#report === undefined) return null;
    const running = this.#child !== undefined;
    const leftMs = running ? Math.max(0, this.#endsMs - performance.now()) : 0;
    return { running, clients: this.#clients, leftMs, ...this.#report };
  }

  #gone(child: ChildProcess): void {
    if (this.#child === child) this.#child = undefined;
  }
}
