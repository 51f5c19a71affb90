/**
 * Servers of our own, such as redis-server or nginx: a program on a free port of loopback that goes away with us.
 *
 * It must not outlive us, not even when we are killed. So it has a guard, a shell that starts it and then reads a pipe
 * from us that nobody writes to; when the pipe ends, be it by `stop` or by our death, the guard ends the program. Guard
 * and program are a session of their own, where Ctrl-C does not reach them while we still need them.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';

/** Ends what it started, and waits for its end, when the pipe on its standard input ends. */
const guard =
  'signal=$1; shift; "$@" >/dev/null 2>&1 & program=$!; read -r _; kill -$signal $program 2>/dev/null; wait $program';

export interface Guarded {
  readonly isRunning: boolean;
  stop(): Promise<void>;
}

/** `signal`: what ends it for certain, with all its own children: KILL, or TERM for a program that has some. */
export function startGuarded(binary: string, args: readonly string[], signal: 'KILL' | 'TERM'): Guarded {
  const child = spawn('/bin/sh', ['-c', guard, 'guard', signal, binary, ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  return {
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

/** The path of a program, if there is one on PATH or in the folders where daemons are. */
export function findProgram(name: string, searched: string | undefined = process.env['PATH']): string | undefined {
  return [...(searched ?? '').split(path.delimiter), ...(searched === undefined ? [] : ['/usr/sbin'])]
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** One that nobody listens on; somebody may take it in between. */
export async function freePort(): Promise<number> {
  const listener = net.createServer();
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  const { port } = listener.address() as net.AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** Whether something accepts connections there before the time is up, or the program has ended. */
export async function listens(program: Guarded, port: number, withinMs: number): Promise<boolean> {
  const giveUpAtMs = performance.now() + withinMs;
  while (program.isRunning && performance.now() < giveUpAtMs) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
