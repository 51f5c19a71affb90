/**
 * The checkpoint: what is known to be durable, in a file of its own.
 *
 * Without it, a log cannot tell its two kinds of broken end apart. A torn write after the last sync is normal and is
 * removed; the same bytes before it are rot, and removing them would destroy acknowledged records. The checkpoint
 * remembers a position that a successful sync has covered, and where the log starts.
 *
 * Two slots, 4096 bytes apart so that they share no sector, both allocated when the file is made: a full disk does
 * not keep a checkpoint from being written. A slot is 52 bytes: {u32 magic, u16 version, u16 flags
 * (1 = closed in order), i64 sequence, i64 start, i64 segment base, u32 position, i64 next offset, u32 largest
 * unsynced write (all ones: unbounded), u32 CRC}. The newest valid slot wins.
 *
 * Invariant: the slot of the last synced checkpoint is never overwritten until another synced one has taken its
 * place. Checkpoints written in passing are not synced and share the other slot: a crash can tear them, and takes
 * nothing else along.
 */
import { crc32c } from './crc32c.ts';
import { readFully, writeFully, writeSoon } from './storage.ts';
import type { StorageFile } from './storage.ts';
import { readInt64, writeInt64 } from './varint.ts';

export const CHECKPOINT_NAME = 'checkpoint';
const MAGIC = 0x4c424350; // "LBCP"
const VERSION = 1;
const SLOT_BYTES = 52;
const SLOT_STRIDE = 4096;
const UNBOUNDED = 0xffffffff;

export interface Checkpoint {
  readonly sequence: number;
  /** Closed in order: the segment ends at `position`, and nothing came after. */
  readonly clean: boolean;
  readonly start: number;
  readonly segmentBase: number;
  /** Everything in the segment below is covered by a sync. */
  readonly position: number;
  readonly nextOffset: number;
  /** How many bytes may follow `position` without a sync at any time; undefined: any number. */
  readonly unsyncedBytesMax: number | undefined;
}

export function encodeSlot(checkpoint: Checkpoint): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, VERSION);
  view.setUint16(6, checkpoint.clean ? 1 : 0);
  writeInt64(view, 8, checkpoint.sequence);
  writeInt64(view, 16, checkpoint.start);
  writeInt64(view, 24, checkpoint.segmentBase);
  view.setUint32(32, checkpoint.position);
  writeInt64(view, 36, checkpoint.nextOffset);
  view.setUint32(44, checkpoint.unsyncedBytesMax ?? UNBOUNDED);
  view.setUint32(48, crc32c(bytes, 0, 48));
  return bytes;
}

/** The checkpoint in a slot; undefined for anything else. */
export function decodeSlot(bytes: Uint8Array): Checkpoint | undefined {
  if (bytes.length !== SLOT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC || view.getUint16(4) !== VERSION || view.getUint32(48) !== crc32c(bytes, 0, 48)) {
    return undefined;
  }
  const unsynced = view.getUint32(44);
  return {
    clean: view.getUint16(6) === 1,
    sequence: readInt64(view, 8),
    start: readInt64(view, 16),
    segmentBase: readInt64(view, 24),
    position: view.getUint32(32),
    nextOffset: readInt64(view, 36),
    unsyncedBytesMax: unsynced === UNBOUNDED ? undefined : unsynced,
  };
}

export interface CheckpointRead {
  readonly newest: Checkpoint | undefined;
  /** Whether a slot holds something that is no checkpoint, so that a newer one may be lost. */
  readonly damaged: boolean;
}

/** Zeros in both slots of a new file. */
export async function reserveSlots(file: StorageFile): Promise<void> {
  await writeFully(file, new Uint8Array(SLOT_STRIDE + SLOT_BYTES), 0);
}

/** The open checkpoint file. Calls must not overlap. */
export class CheckpointFile {
  readonly #file: StorageFile;
  #sequence: number = 0;
  #syncedSlot: 0 | 1 = 1;

  get #freeSlot(): 0 | 1 {
    return this.#syncedSlot === 0 ? 1 : 0;
  }

  constructor(file: StorageFile) {
    this.#file = file;
  }

  async read(): Promise<CheckpointRead> {
    let newest: Checkpoint | undefined;
    let damaged = false;
    for (const slot of [0, 1] as const) {
      const bytes = new Uint8Array(SLOT_BYTES);
      const count = await readFully(this.#file, bytes, slot * SLOT_STRIDE);
      const checkpoint = count === SLOT_BYTES ? decodeSlot(bytes) : undefined;
      if (checkpoint === undefined) {
        if (bytes.some((byte) => byte !== 0)) damaged = true;
      } else if (newest === undefined || checkpoint.sequence > newest.sequence) {
        newest = checkpoint;
        this.#syncedSlot = slot;
      }
    }
    this.#sequence = newest?.sequence ?? 0;
    if (newest !== undefined) {
      // The newest may have been written in passing, or before a sync that failed: it can be in the cache alone.
      // The next write goes over the other slot, so this one has to be on disk first.
      await writeFully(this.#file, encodeSlot(newest), this.#syncedSlot * SLOT_STRIDE);
      await this.#file.datasync();
    }
    return { newest, damaged };
  }

  /** Writes over the slot that the last synced checkpoint does not occupy. */
  async write(checkpoint: Omit<Checkpoint, 'sequence'>): Promise<void> {
    const bytes = encodeSlot({ ...checkpoint, sequence: this.#sequence + 1 });
    await writeSoon(this.#file, bytes, this.#freeSlot * SLOT_STRIDE);
    this.#sequence++;
  }

  /** Makes the checkpoint written last the synced one. */
  async sync(): Promise<void> {
    await this.#file.datasync();
    this.#syncedSlot = this.#freeSlot;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
