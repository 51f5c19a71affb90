/** Waiting by condition: a test that waits by time is slow on one machine and wrong on another. */
const giveUpMs = 60_000;
const askEveryMs = 20;

/** Asks until the answer is neither undefined nor false; gives up after a time no machine needs. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const giveUpAtMs = performance.now() + giveUpMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > giveUpAtMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}
