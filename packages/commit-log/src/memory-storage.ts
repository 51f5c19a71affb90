/**
 * Storage in memory: for tests, for browsers, and for a log that needs to live only as long as its process.
 *
 * Every sync succeeds and does nothing, so `durable` means "in this object": closing and opening a log on the same
 * `memoryStorage()` finds everything, a new process finds nothing. Files grow by doubling; an open file keeps its
 * bytes after it is removed, as on POSIX, so a reader is never cut off by retention.
 */
import { LogError } from './errors.ts';
import { joinPath } from './storage.ts';
import type { Storage, StorageFile } from './storage.ts';

interface Contents {
  bytes: Uint8Array;
  size: number;
}

/** Writes between two turns of the event loop: an awaited append loop must let timers and sockets run. */
const WRITES_PER_TURN = 1024;

/**
 * A storage that keeps its files in this object.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { Log, memoryStorage } from '@loadbearing/commit-log';
 * const log = await Log.open({ storage: memoryStorage() });
 * const { baseOffset } = await log.append([{ value: 'first' }]);
 * assert.equal(baseOffset, 0);
 * await log.close();
 * ```
 */
export function memoryStorage(): Storage {
  return new MemoryStorage('', new Map(), new Set());
}

class MemoryStorage implements Storage {
  readonly #root: string;
  readonly #files: Map<string, Contents>;
  readonly #locked: Set<string>;

  constructor(root: string, files: Map<string, Contents>, locked: Set<string>) {
    this.#root = root;
    this.#files = files;
    this.#locked = locked;
  }

  async open(name: string, mode: 'create' | 'read' | 'write'): Promise<StorageFile> {
    const path = joinPath(this.#root, name);
    if (mode === 'create') this.#files.set(path, { bytes: new Uint8Array(0), size: 0 });
    return new MemoryFile(this.#find(path));
  }

  async list(dir: string): Promise<readonly string[]> {
    const prefix = joinPath(this.#root, dir);
    const start = prefix === '' ? 0 : prefix.length + 1;
    return [...this.#files.keys()]
      .filter((path) => (prefix === '' || path.startsWith(`${prefix}/`)) && !path.includes('/', start))
      .map((path) => path.slice(start));
  }

  async makeDir(_dir: string): Promise<void> {
    // A directory is a prefix here.
  }

  async rename(from: string, to: string): Promise<void> {
    const path = joinPath(this.#root, from);
    this.#files.set(joinPath(this.#root, to), this.#find(path));
    this.#files.delete(path);
  }

  async remove(name: string): Promise<void> {
    const path = joinPath(this.#root, name);
    this.#find(path);
    this.#files.delete(path);
  }

  async syncDir(_dir: string): Promise<void> {
    // Memory has no later state.
  }

  async lock(dir: string): Promise<() => Promise<void>> {
    const path = joinPath(this.#root, dir);
    if (this.#locked.has(path)) {
      throw new LogError('LOG_LOCKED', 'another log in this process has this storage open; close it first');
    }
    this.#locked.add(path);
    return async () => {
      this.#locked.delete(path);
    };
  }

  scope(dir: string): Storage {
    return new MemoryStorage(joinPath(this.#root, dir), this.#files, this.#locked);
  }

  #find(path: string): Contents {
    const contents = this.#files.get(path);
    if (contents === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    return contents;
  }
}

class MemoryFile implements StorageFile {
  readonly #contents: Contents;
  #writes: number = 0;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    const { bytes, size } = this.#contents;
    const count = Math.max(0, Math.min(into.length, size - at));
    into.set(bytes.subarray(at, at + count));
    return count;
  }

  async write(bytes: Uint8Array, at: number): Promise<number> {
    const contents = this.#contents;
    const end = at + bytes.length;
    if (end > contents.bytes.length) {
      const grown = new Uint8Array(Math.max(end, contents.bytes.length * 2, 4096));
      grown.set(contents.bytes.subarray(0, contents.size));
      contents.bytes = grown;
    }
    contents.bytes.set(bytes, at);
    contents.size = Math.max(contents.size, end);
    if (++this.#writes % WRITES_PER_TURN === 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
    return bytes.length;
  }

  async datasync(): Promise<void> {
    // Memory has no later state.
  }

  async sync(): Promise<void> {
    // Memory has no later state.
  }

  async truncate(size: number): Promise<void> {
    const contents = this.#contents;
    if (size < contents.size) contents.bytes.fill(0, size, contents.size);
    contents.size = size;
    if (size > contents.bytes.length) {
      const grown = new Uint8Array(size);
      grown.set(contents.bytes);
      contents.bytes = grown;
    }
  }

  async size(): Promise<number> {
    return this.#contents.size;
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}
