/**
 * DueQueue: which run is due next.
 *
 * A binary heap of (time, id) with lazy deletion: a run that is taken, or gets another time, leaves its old element
 * behind, and the queue asks the table whether an element is still true when it comes to the top. Stale elements are
 * swept when they outnumber the true ones, so the heap holds at most twice the runs that are due (and 64).
 * push and pop are O(log n), amortized.
 */
interface Due {
  readonly atMs: number;
  readonly id: string;
}

export class DueQueue {
  private heap: Due[] = [];
  private readonly isTrue: (id: string, atMs: number) => boolean;
  private sweepAt = 64;

  /** @param isTrue whether the run is really due at that time */
  constructor(isTrue: (id: string, atMs: number) => boolean) {
    this.isTrue = isTrue;
  }

  push(id: string, atMs: number): void {
    if (this.heap.length >= this.sweepAt) this.sweep();
    this.heap.push({ id, atMs });
    this.up(this.heap.length - 1);
  }

  /** The earliest time, or null. */
  peekMs(): number | null {
    for (;;) {
      const top = this.heap[0];
      if (top === undefined) return null;
      if (this.isTrue(top.id, top.atMs)) return top.atMs;
      this.drop();
    }
  }

  /** Takes out the first run that is due, or null. */
  pop(nowMs: number): string | null {
    const atMs = this.peekMs();
    if (atMs === null || atMs > nowMs) return null;
    const { id } = this.heap[0]!;
    this.drop();
    return id;
  }

  get size(): number {
    return this.heap.length;
  }

  private sweep(): void {
    const kept = new Map<string, Due>();
    for (const due of this.heap) if (this.isTrue(due.id, due.atMs)) kept.set(due.id, due);
    // A sorted array is a heap.
    this.heap = [...kept.values()].sort((a, b) => a.atMs - b.atMs);
    this.sweepAt = Math.max(64, this.heap.length * 2);
  }

  private drop(): void {
    const last = this.heap.pop()!;
    if (this.heap.length === 0) return;
    this.heap[0] = last;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= this.heap.length) return;
      const right = left + 1;
      const child = right < this.heap.length && this.heap[right]!.atMs < this.heap[left]!.atMs ? right : left;
      if (this.heap[i]!.atMs <= this.heap[child]!.atMs) return;
      this.swap(i, child);
      i = child;
    }
  }

  private up(from: number): void {
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.heap[parent]!.atMs <= this.heap[i]!.atMs) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private swap(a: number, b: number): void {
    const t = this.heap[a]!;
    this.heap[a] = this.heap[b]!;
    this.heap[b] = t;
  }
}
