/**
 * Kill windows: the times whose latencies are those of an outage, and kept out of a p99.
 *
 * A window lasts from the kill of a process to the moment at which its successor works (the router is ready; the mover
 * has claimed the map, which opens the slots that its predecessor closed), and `tailMs` more for what queued up. What
 * clients do meanwhile is checked like everything else.
 */
const tailMs = 250;

export class KillWindows<Child> {
  readonly #open = new Map<Child, number>();
  #count = 0;
  #endedMs = 0;

  begin(child: Child): void {
    this.#count++;
    this.#open.set(child, (this.#open.get(child) ?? 0) + 1);
  }

  /** The successor works. */
  end(child: Child): void {
    const windows = this.#open.get(child) ?? 0;
    this.#open.delete(child);
    if (windows === 0) return;
    setTimeout(() => {
      this.#count -= windows;
      this.#endedMs = performance.now();
    }, tailMs).unref();
  }

  /** Whether what began then and ends now has met no window. */
  isClear(startMs: number): boolean {
    return this.#count === 0 && startMs > this.#endedMs;
  }
}
