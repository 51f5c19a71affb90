/**
 * Other people's programs for the live test: found, started on free loopback ports in a folder of their own, stopped.
 *
 * Where one is missing its tests are skipped and one line says what to install; with REQUIRE_SERVICES=1, or CI would
 * prove nothing, a missing program fails the run.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The path of a program, or undefined after one line that says what to install. */
export function findProgram(name: string, debianPackage: string): string | undefined {
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) reportMissing(`${name} (Debian: ${debianPackage})`);
  return found;
}

/** Says in one line that something is not here, or fails when it must be. */
export function reportMissing(what: string): void {
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, and there is no ${what}`);
  // Not console: the reporter would cut the line from its text.
  writeSync(2, `skipped: the live test needs ${what}\n`);
}

let folder: string | undefined;
const children: ChildProcess[] = [];

/** Made when a test first needs it: where all are skipped nobody would remove it. */
export function workFolder(): string {
  return (folder ??= mkdtempSync(join(tmpdir(), 'consistent-hash-live-')));
}

/** Free for the moment; each port once. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

async function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Starts a daemon in the foreground and waits until the port answers. */
export async function startDaemon(path: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(path, args, { cwd: workFolder(), stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
  for (let tries = 0; tries < 2000; tries++) {
    if (child.exitCode !== null) throw new Error(`${path} ended with ${child.exitCode}: ${said}`);
    try {
      (await open(port)).destroy();
      return;
    } catch {
      await sleep(10);
    }
  }
  throw new Error(`${path} did not answer on port ${port}: ${said}`);
}

/** Ends what was started, and removes its folder. */
export async function stopAll(): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }),
  );
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/**
 * Sends requests one behind the other and collects an answer to each.
 *
 * @param parse the length of the first answer in a text that begins with it, and what it says; undefined if it is cut
 */
export async function pipeline(
  port: number,
  requests: readonly string[],
  parse: (text: string) => { length: number; answer: string } | undefined,
): Promise<string[]> {
  const socket = await open(port);
  const answers: string[] = [];
  let text = '';
  const done = new Promise<void>((resolve, reject) => {
    socket.on('error', reject).on('close', () => {
      reject(new Error(`closed after ${answers.length} of ${requests.length} answers; then: ${text.slice(0, 200)}`));
    });
    socket.on('data', (data) => {
      text += data.toString('latin1');
      let at = 0;
      // One answer has a few hundred characters at most; a slice keeps the search short.
      for (let next = parse(text.slice(at, at + 2000)); next !== undefined; next = parse(text.slice(at, at + 2000))) {
        answers.push(next.answer);
        at += next.length;
      }
      text = text.slice(at);
      if (answers.length === requests.length) resolve();
    });
  });
  // In portions: a proxy that cannot write its answers stops reading.
  for (let at = 0; at < requests.length; at += 200) {
    socket.write(Buffer.from(requests.slice(at, at + 200).join(''), 'latin1'));
    while (answers.length < Math.min(at, requests.length) - 400) await Promise.race([done, sleep(1)]);
  }
  await done;
  socket.removeAllListeners('close').destroy();
  return answers;
}

/** A compiler that knows the header of libmemcached, or undefined after one line. */
export function findCompiler(): string | undefined {
  const gcc = findProgram('gcc', 'gcc libc6-dev');
  if (gcc === undefined) return undefined;
  try {
    execFileSync(gcc, ['-E', '-include', 'libmemcached/memcached.h', '-x', 'c', '/dev/null'], { stdio: 'pipe' });
    return gcc;
  } catch {
    reportMissing('libmemcached/memcached.h (Debian: libmemcached-dev)');
    return undefined;
  }
}

/** Compiles generate-hash.c. */
export function compileGenerateHash(gcc: string): string {
  const program = join(workFolder(), 'generate-hash');
  const source = join(import.meta.dirname, 'generate-hash.c');
  execFileSync(gcc, ['-O2', '-Wall', '-o', program, source, '-lmemcached'], { stdio: 'pipe' });
  return program;
}
