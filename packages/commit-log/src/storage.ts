/**
 * The storage a log needs, as an interface: named files, positioned reads and writes, and two kinds of sync.
 *
 * The distinctions are the ones a crash makes. Bytes written are not bytes on disk: `datasync` makes them so. A file
 * created, renamed or removed is not so on disk either: `syncDir` makes it so, and a synced file in an unsynced
 * directory can be gone. Implementations: `memoryStorage`, `fileStorage` (./node) and `SimFs` (./testing), which
 * loses everything it is allowed to lose.
 *
 * Reads and writes may be short, and a short one is no error: the operating system returns a smaller count when a
 * disk fills up. `readFully` and `writeFully` below are the only loops over such counts.
 */

export interface StorageFile {
  /** Reads into all of `into` from `at`; returns the count, 0 at the end of the file. May be short. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Writes `bytes` at `at`; returns the count. May be short. */
  write(bytes: Uint8Array, at: number): Promise<number>;
  /** The same without leaving the turn, where that is cheaper. May be short. */
  writeNow?(bytes: Uint8Array, at: number): number;
  /** Makes the bytes durable, and the size as far as it is needed to read them. */
  datasync(): Promise<void>;
  /** Makes the bytes and all metadata durable. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** A directory tree; names are relative with `/` between, and '' is the root. */
export interface Storage {
  /** `create` makes an empty file (emptying one that is there); `read` and `write` need one that is there. */
  open(name: string, mode: 'create' | 'read' | 'write'): Promise<StorageFile>;
  /** Names of the files in `dir`, without their directory; empty when there is no such directory. */
  list(dir: string): Promise<readonly string[]>;
  makeDir(dir: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  syncDir(dir: string): Promise<void>;
  /** Takes `dir` for this instance alone; rejects with `LOG_LOCKED`. The returned function gives it back. */
  lock(dir: string): Promise<() => Promise<void>>;
  /** The same storage with `dir` as its root. */
  scope(dir: string): Storage;
}

/** Writes all of `bytes`, however short the single writes are. Throws what the storage throws. */
export async function writeFully(file: StorageFile, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const count = await file.write(done === 0 ? bytes : bytes.subarray(done), at + done);
    done += checkedCount(count, bytes.length - done, 'write');
    if (count === 0) throw new Error('the storage wrote 0 bytes and reported no error');
  }
}

/** The same with the first write on this turn, if the storage has such a thing; it can still be short. */
export async function writeSoon(file: StorageFile, bytes: Uint8Array, at: number): Promise<void> {
  const done = file.writeNow === undefined ? 0 : checkedCount(file.writeNow(bytes, at), bytes.length, 'write');
  if (done < bytes.length) await writeFully(file, bytes.subarray(done), at + done);
}

/** Reads until `into` is full or the file ends; returns the count. */
export async function readFully(file: StorageFile, into: Uint8Array, at: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = await file.read(done === 0 ? into : into.subarray(done), at + done);
    if (checkedCount(count, into.length - done, 'read') === 0) break;
    done += count;
  }
  return done;
}

/** A count out of range would move the position and pass for success. */
function checkedCount(count: number, max: number, operation: string): number {
  if (!Number.isInteger(count) || count < 0 || count > max) {
    throw new Error(`the storage reported a ${operation} of ${count} bytes of ${max}`);
  }
  return count;
}

/** `dir/name`, with '' as the root. */
export function joinPath(dir: string, name: string): string {
  return dir === '' ? name : name === '' ? dir : `${dir}/${name}`;
}
