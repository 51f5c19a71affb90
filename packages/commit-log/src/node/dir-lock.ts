/**
 * One process per directory: a lock file that says who, and can be taken from the dead.
 *
 * Node has no flock, so the lock is a file made with `link`, which fails if the name exists and shows its whole
 * content at once. It names its owner by process id, boot id and start time of the process: a process id alone is
 * given again, the three together are not.
 *
 * A process that was killed leaves its file. Taking it over is the dangerous part: two processes may both find the
 * dead owner, and the slower one must not remove the lock that the faster one has just made. So the right to take
 * over from owner X is itself a lock, named after X's unique id, taken by the same rule; its holder looks again
 * whether the lock is still X's before it replaces it with one rename.
 *
 * Limits: one machine. On a network file system, or between containers that share a directory but not their
 * process ids, a living owner can look dead.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const LOCK_NAME = 'lock';
/** Takeovers of takeovers: each level needs a process that died within milliseconds. */
const DEPTH_MAX = 8;

interface Owner {
  readonly id: string;
  readonly pid: number;
  readonly boot: string;
  readonly started: string;
}

export type LockResult =
  | { readonly status: 'taken'; readonly release: () => Promise<void> }
  | { readonly status: 'locked'; readonly pid: number };

/** Takes the directory for this process, if no living process has it. */
export async function lockDirectory(dir: string): Promise<LockResult> {
  const me: Owner = {
    id: randomUUID(),
    pid: process.pid,
    boot: await bootId(),
    started: (await processState(process.pid))?.started ?? '',
  };
  const path = join(dir, LOCK_NAME);
  const holder = await claim(dir, path, me, 0);
  if (holder !== undefined) return { status: 'locked', pid: holder.pid };
  return {
    status: 'taken',
    release: async () => {
      // Someone who thought us dead may have taken it; then it is not ours to remove.
      if ((await readOwner(path))?.id === me.id) await rm(path, { force: true });
    },
  };
}

/** Makes `path` ours; returns the owner who keeps us from it, or undefined. */
async function claim(dir: string, path: string, me: Owner, depth: number): Promise<Owner | undefined> {
  const mine = join(dir, `${LOCK_NAME}-${me.id}-${depth}`);
  try {
    await writeFile(mine, JSON.stringify(me));
    for (let attempt = 0; attempt < 16; attempt++) {
      try {
        await link(mine, path);
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = await readOwner(path);
      if (owner === undefined) continue; // released meanwhile
      if (depth >= DEPTH_MAX || (await isAlive(owner, me))) return owner;
      const right = join(dir, `${LOCK_NAME}-after-${owner.id}`);
      const other = await claim(dir, right, me, depth + 1);
      if (other !== undefined) return other;
      try {
        if ((await readOwner(path))?.id !== owner.id) continue; // a faster one has taken it over
        await rename(mine, path);
        return undefined;
      } finally {
        await rm(right, { force: true });
      }
    }
    return (await readOwner(path)) ?? me;
  } finally {
    await rm(mine, { force: true });
  }
}

/** The owner in a lock file; undefined when there is no file. A file nobody can read belongs to nobody living. */
async function readOwner(path: string): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    if (typeof owner?.id === 'string' && typeof owner.pid === 'number') {
      return { id: owner.id, pid: owner.pid, boot: owner.boot ?? '', started: owner.started ?? '' };
    }
  } catch {
    // Falls through: a machine that died can leave an empty file.
  }
  return { id: 'unreadable', pid: 0, boot: '', started: '' };
}

async function isAlive(owner: Owner, me: Owner): Promise<boolean> {
  if (owner.pid <= 0 || owner.boot !== me.boot) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    // EPERM: it exists and belongs to another user.
  }
  const state = await processState(owner.pid);
  if (state === undefined) return true;
  // A zombie was killed and only waits for its parent to notice: it writes nothing any more.
  if (state.code === 'Z' || state.code === 'X') return false;
  return owner.started === '' || state.started === owner.started;
}

/** Differs between boots of the machine; '' where the system has none. */
async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return '';
  }
}

/** What a process does, and when it started in ticks since boot; undefined where the system does not say. */
async function processState(pid: number): Promise<{ readonly code: string; readonly started: string } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Fields 3 and 22, counted behind the command name, which may contain blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { code: fields[0] ?? '', started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
