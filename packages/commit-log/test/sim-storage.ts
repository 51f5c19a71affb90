/**
 * A file system that loses everything it is allowed to lose.
 *
 * A file has two contents: what a running process sees, and what is on disk. A write changes the first and marks
 * sectors; a sync copies the marked ones. A directory has two lists of names in the same way. `crash` picks one of the states that a machine may
 * come back with: every unsynced sector old, new or zero; a changed size kept or lost; an unsynced name kept or lost.
 * `kill` keeps what the process saw: the operating system lives on.
 *
 * After a sync that failed the marks are gone and the bytes never reach the disk, although the process still reads
 * them (Rebello et al., ATC '20: what ext4 and XFS do).
 */
import { LogError } from '../src/errors.ts';
import { joinPath } from '../src/storage.ts';
import type { Storage, StorageFile } from '../src/storage.ts';

const SECTOR_BYTES = 512;

export type Operation = 'write' | 'datasync' | 'sync' | 'syncDir' | 'truncate' | 'open' | 'remove';

class Inode {
  seen: Uint8Array = new Uint8Array(0);
  disk: Uint8Array = new Uint8Array(0);
  readonly dirty: Set<number> = new Set();

  write(bytes: Uint8Array, at: number): void {
    const size = Math.max(this.seen.length, at + bytes.length);
    const seen = new Uint8Array(size);
    seen.set(this.seen);
    seen.set(bytes, at);
    this.seen = seen;
    this.mark(at, at + bytes.length);
  }

  resize(size: number): void {
    const seen = new Uint8Array(size);
    seen.set(this.seen.subarray(0, size));
    this.mark(Math.min(size, this.seen.length), Math.max(size, this.seen.length));
    this.seen = seen;
  }

  mark(from: number, to: number): void {
    for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < to; sector++) this.dirty.add(sector);
  }

  sync(): void {
    const disk = new Uint8Array(this.seen.length);
    disk.set(this.disk.subarray(0, disk.length));
    for (const sector of this.dirty) copySector(this.seen, disk, sector);
    this.dirty.clear();
    this.disk = disk;
  }

  /** What the disk may hold after the machine died. */
  later(random: () => number): Uint8Array {
    const size = random() < 0.5 ? this.seen.length : this.disk.length;
    const bytes = new Uint8Array(size);
    bytes.set(this.disk.subarray(0, size));
    for (const sector of this.dirty) {
      const choice = random();
      if (choice < 0.4) copySector(this.seen, bytes, sector);
      else if (choice < 0.6 && sector * SECTOR_BYTES >= this.disk.length) {
        bytes.fill(0, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
      }
    }
    return bytes;
  }
}

function copySector(from: Uint8Array, to: Uint8Array, sector: number): void {
  const at = sector * SECTOR_BYTES;
  to.set(from.subarray(at, Math.min(at + SECTOR_BYTES, to.length)), Math.min(at, to.length));
}

class Machine {
  readonly seen: Map<string, Inode> = new Map();
  readonly disk: Map<string, Inode> = new Map();
  readonly locked: Set<string> = new Set();
  readonly counts: Record<Operation, number> = {
    write: 0,
    datasync: 0,
    sync: 0,
    syncDir: 0,
    truncate: 0,
    open: 0,
    remove: 0,
  };
  /** Decides before each operation; what it throws is what the caller gets, and nothing happens. */
  before: (operation: Operation, name: string) => void = () => undefined;
  /** How many of the bytes a write takes; throws as a full disk does. */
  takes: (bytes: number, name: string) => number = (bytes) => bytes;
  /** Bytes of a write that reach the file although it is never answered: power goes off in the middle. */
  tear: ((bytes: number) => number) | undefined;

  enter(operation: Operation, name: string): void {
    this.counts[operation]++;
    this.before(operation, name);
  }
}

export class SimStorage implements Storage {
  readonly machine: Machine;
  readonly #root: string;

  constructor(machine: Machine = new Machine(), root: string = '') {
    this.machine = machine;
    this.#root = root;
  }

  /** The machine died and started again: one of the states it may come back with. */
  crash(random: () => number): SimStorage {
    const { seen, disk } = this.machine;
    const next = new Machine();
    for (const path of new Set([...seen.keys(), ...disk.keys()])) {
      const inode = random() < 0.5 ? seen.get(path) : disk.get(path);
      if (inode !== undefined) put(next, path, inode.later(random));
    }
    return new SimStorage(next);
  }

  /** The process was killed, the operating system lives on. */
  kill(): SimStorage {
    const next = new Machine();
    for (const [path, inode] of this.machine.seen) {
      const copy = put(next, path, inode.disk.slice());
      copy.seen = inode.seen.slice();
      for (const sector of inode.dirty) copy.dirty.add(sector);
    }
    return new SimStorage(next);
  }

  /** The bytes of a file as the process sees them. */
  bytes(name: string): Uint8Array {
    return this.#find(joinPath(this.#root, name)).seen.slice();
  }

  /** Puts a file there, whole and synced. */
  put(name: string, bytes: Uint8Array): void {
    put(this.machine, joinPath(this.#root, name), bytes.slice());
  }

  drop(name: string): void {
    this.machine.seen.delete(joinPath(this.#root, name));
    this.machine.disk.delete(joinPath(this.#root, name));
  }

  get names(): string[] {
    return [...this.machine.seen.keys()].sort();
  }

  async open(name: string, mode: 'create' | 'read' | 'write'): Promise<StorageFile> {
    const path = joinPath(this.#root, name);
    this.machine.enter('open', path);
    if (mode === 'create') {
      const there = this.machine.seen.get(path);
      if (there === undefined) this.machine.seen.set(path, new Inode());
      else there.resize(0);
    }
    return new SimFile(this.machine, path, this.#find(path));
  }

  async list(dir: string): Promise<readonly string[]> {
    const prefix = joinPath(this.#root, dir);
    const start = prefix === '' ? '' : `${prefix}/`;
    return this.names
      .filter((path) => path.startsWith(start) && !path.includes('/', start.length))
      .map((path) => path.slice(start.length));
  }

  async makeDir(): Promise<void> {
    // A directory is a prefix here.
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#find(joinPath(this.#root, from));
    this.machine.seen.set(joinPath(this.#root, to), inode);
    this.machine.seen.delete(joinPath(this.#root, from));
  }

  async remove(name: string): Promise<void> {
    const path = joinPath(this.#root, name);
    this.machine.enter('remove', path);
    this.#find(path);
    this.machine.seen.delete(path);
  }

  async syncDir(dir: string): Promise<void> {
    this.machine.enter('syncDir', dir);
    const { seen, disk } = this.machine;
    const prefix = joinPath(this.#root, dir);
    const start = prefix === '' ? '' : `${prefix}/`;
    const inside = (path: string): boolean => path.startsWith(start) && !path.includes('/', start.length);
    for (const path of disk.keys()) if (inside(path) && !seen.has(path)) disk.delete(path);
    for (const [path, inode] of seen) if (inside(path)) disk.set(path, inode);
  }

  async lock(dir: string): Promise<() => Promise<void>> {
    const path = joinPath(this.#root, dir);
    const { locked } = this.machine;
    if (locked.has(path)) throw new LogError('LOG_LOCKED', 'locked');
    locked.add(path);
    return async () => {
      locked.delete(path);
    };
  }

  scope(dir: string): Storage {
    return new SimStorage(this.machine, joinPath(this.#root, dir));
  }

  #find(path: string): Inode {
    const inode = this.machine.seen.get(path);
    if (inode === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    return inode;
  }
}

function put(machine: Machine, path: string, bytes: Uint8Array): Inode {
  const inode = new Inode();
  inode.seen = bytes;
  inode.disk = bytes.slice();
  machine.seen.set(path, inode);
  machine.disk.set(path, inode);
  return inode;
}

class SimFile implements StorageFile {
  readonly #machine: Machine;
  readonly #path: string;
  readonly #inode: Inode;

  constructor(machine: Machine, path: string, inode: Inode) {
    this.#machine = machine;
    this.#path = path;
    this.#inode = inode;
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    const bytes = this.#inode.seen.subarray(at, at + into.length);
    into.set(bytes);
    return bytes.length;
  }

  async write(bytes: Uint8Array, at: number): Promise<number> {
    try {
      this.#machine.enter('write', this.#path);
    } catch (error) {
      const torn = this.#machine.tear?.(bytes.length) ?? 0;
      if (torn > 0) this.#inode.write(bytes.subarray(0, torn), at);
      throw error;
    }
    const count = this.#machine.takes(bytes.length, this.#path);
    this.#inode.write(bytes.subarray(0, count), at);
    return count;
  }

  async datasync(): Promise<void> {
    this.#sync('datasync');
  }

  async sync(): Promise<void> {
    this.#sync('sync');
  }

  async truncate(size: number): Promise<void> {
    this.#machine.enter('truncate', this.#path);
    this.#inode.resize(size);
  }

  async size(): Promise<number> {
    return this.#inode.seen.length;
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #sync(operation: 'datasync' | 'sync'): void {
    try {
      this.#machine.enter(operation, this.#path);
    } catch (error) {
      this.#inode.dirty.clear();
      throw error;
    }
    this.#inode.sync();
  }
}

/** The error of a file call, as Node makes it. */
export function ioError(code: 'EIO' | 'ENOSPC'): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/** Random numbers that a failing test can repeat (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
