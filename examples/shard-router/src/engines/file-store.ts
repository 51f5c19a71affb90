/**
 * The slot map in a folder: one file for each epoch, and a compare-and-set that many processes may try at once.
 *
 * The idea: a document is written under a name of its own, synced, and then linked to `<epoch>.json`. `link` refuses a
 * name that exists, so of two processes that both hold epoch 7 only one can make `8.json`; `rename` would let the
 * second replace the first. A reader takes the file with the highest number. It is always whole, because it got its
 * name only after its bytes were on the disk; the folder is synced after that, so the name survives a power cut too.
 * No lock is held, so none is left behind by a kill.
 *
 * Older files are removed. A writer that was paused for long could then make a number that has been used and removed;
 * so after the link it looks once more, and if a higher one is there it has lost.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SlotMapDocument, SlotMapStore } from '@loadbearing/consistent-hash/migrate';

const nameOf = (epoch: number): string => `${String(epoch).padStart(12, '0')}.json`;
const epochPattern = /^(\d+)\.json$/;

/**
 * A store in `folder`, which is made. Rejects with the name of the file if what it holds is no slot map; that does not
 * happen by a crash, so nothing is guessed and nothing is overwritten.
 */
export async function fileSlotMapStore(folder: string): Promise<SlotMapStore> {
  await mkdir(folder, { recursive: true });

  /** Epochs in the folder, ascending. */
  async function epochs(): Promise<number[]> {
    const names = await readdir(folder);
    return names
      .flatMap((name) => epochPattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  async function load(): Promise<SlotMapDocument | undefined> {
    for (;;) {
      const epoch = (await epochs()).at(-1);
      if (epoch === undefined) return undefined;
      const file = path.join(folder, nameOf(epoch));
      try {
        return parsed(file, epoch, await readFile(file, 'utf8'));
      } catch (error) {
        // Replaced between the two looks: the next look finds its successor.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  async function save(next: SlotMapDocument): Promise<boolean> {
    const before = await epochs();
    if ((before.at(-1) ?? 0) !== next.epoch - 1) return false;
    const file = path.join(folder, nameOf(next.epoch));
    const draft = path.join(folder, `${randomUUID()}.draft`);
    await writeFile(draft, JSON.stringify(next), { flush: true });
    try {
      await link(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await unlink(draft);
    }
    await syncFolder(folder);
    if ((await epochs()).at(-1) !== next.epoch) return false;
    for (const epoch of before) await unlink(path.join(folder, nameOf(epoch))).catch(() => undefined);
    return true;
  }

  return { load, save };
}

function parsed(file: string, epoch: number, text: string): SlotMapDocument {
  let document: Partial<SlotMapDocument> | null;
  try {
    document = JSON.parse(text) as Partial<SlotMapDocument> | null;
  } catch (error) {
    throw new Error(`The slot map ${file} is damaged: ${(error as Error).message}`, { cause: error });
  }
  if (document?.epoch !== epoch) throw new Error(`The slot map ${file} is damaged: it is not that of epoch ${epoch}`);
  return document as SlotMapDocument;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
