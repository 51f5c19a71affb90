/**
 * Storage in a directory of the file system, through Node.
 *
 * Positioned reads and writes on plain file descriptors; no append mode (its position is not ours to check) and no
 * memory mapping (a disk error would be a signal, not an error). `datasync` is fdatasync, which on Linux also makes
 * a grown size durable. A directory is synced by opening it and calling fsync; Windows has no such call and does
 * not need it.
 *
 * Node runs file calls in a pool of four threads. A sync can take long, and four at once would leave none for reads,
 * so at most `syncConcurrency` run at a time, over all files of the storage.
 */
import { writeSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { LogError } from '../errors.ts';
import { joinPath } from '../storage.ts';
import type { Storage, StorageFile } from '../storage.ts';
import { lockDirectory } from './dir-lock.ts';

const FLAGS = { create: 'w+', read: 'r', write: 'r+' } as const;

export interface FileStorageOptions {
  /** Syncs at a time, 1 to 64. Default: 2. */
  readonly syncConcurrency?: number;
}

/**
 * A storage in the directory `dir`, which is made when a log is opened in it.
 * Throws `RangeError` for a `syncConcurrency` out of range and `TypeError` for a `dir` that is no path.
 */
export function fileStorage(dir: string, options: FileStorageOptions = {}): Storage {
  if (typeof dir !== 'string' || dir === '') throw new TypeError('dir must be the path of a directory');
  const { syncConcurrency = 2 } = options;
  if (!Number.isInteger(syncConcurrency) || syncConcurrency < 1 || syncConcurrency > 64) {
    throw new RangeError(`syncConcurrency is ${syncConcurrency}; it must be a whole number from 1 to 64`);
  }
  return new FileStorage(resolve(dir), new Gate(syncConcurrency));
}

class FileStorage implements Storage {
  readonly #root: string;
  readonly #gate: Gate;

  constructor(root: string, gate: Gate) {
    this.#root = root;
    this.#gate = gate;
  }

  async open(name: string, mode: 'create' | 'read' | 'write'): Promise<StorageFile> {
    return new NodeFile(await open(this.#path(name), FLAGS[mode]), this.#gate);
  }

  async list(dir: string): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.#path(dir), { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async makeDir(dir: string): Promise<void> {
    const path = this.#path(dir);
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    // Every new directory is an entry in the one above it, which has to be synced for it to stay.
    for (let made = path; ; made = dirname(made)) {
      await this.#syncPath(dirname(made));
      if (made === first) return;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#path(from), this.#path(to));
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name));
  }

  async syncDir(dir: string): Promise<void> {
    await this.#syncPath(this.#path(dir));
  }

  async lock(dir: string): Promise<() => Promise<void>> {
    const path = this.#path(dir);
    const taken = await lockDirectory(path);
    if (taken.status === 'locked') {
      const message = `${path} is open in process ${taken.pid}; a log has one process at a time`;
      throw new LogError('LOG_LOCKED', message, { pid: taken.pid });
    }
    return taken.release;
  }

  scope(dir: string): Storage {
    return new FileStorage(this.#path(dir), this.#gate);
  }

  #path(name: string): string {
    return join(this.#root, joinPath('', name));
  }

  async #syncPath(path: string): Promise<void> {
    if (process.platform === 'win32') return;
    const handle = await open(path, 'r');
    try {
      await this.#gate.run(() => handle.sync());
    } finally {
      await handle.close();
    }
  }
}

class NodeFile implements StorageFile {
  readonly #handle: FileHandle;
  readonly #gate: Gate;

  constructor(handle: FileHandle, gate: Gate) {
    this.#handle = handle;
    this.#gate = gate;
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.length, at)).bytesRead;
  }

  async write(bytes: Uint8Array, at: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, at)).bytesWritten;
  }

  writeNow(bytes: Uint8Array, at: number): number {
    return writeSync(this.#handle.fd, bytes, 0, bytes.length, at);
  }

  async datasync(): Promise<void> {
    await this.#gate.run(() => this.#handle.datasync());
  }

  async sync(): Promise<void> {
    await this.#gate.run(() => this.#handle.sync());
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Lets `places` tasks run at a time, the others in the order they came. */
class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
