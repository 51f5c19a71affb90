/**
 * The stream of states, and whether it is alive.
 *
 * EventSource retries by itself only after some failures (a refused upgrade or a 5xx ends it for good), and it does not
 * notice a peer that went silent. So each connection is ours to replace: it is given up when it errs or when no state
 * came for SILENCE_MS, and the next is tried after a pause that grows to RETRY_MS_MAX.
 */

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */

const SILENCE_MS = 5000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 3000;

/**
 * @param {string} url
 * @param {{ onState: (state: LiveState) => void, onLost: () => void }} listener `onLost` once for each loss
 */
export function listen(url, { onState, onLost }) {
  let retryMs = RETRY_MS_MIN;
  let lost = false;

  const connect = () => {
    const source = new EventSource(url);
    /** @type {ReturnType<typeof setTimeout>} */
    let silence;
    let open = true;

    const giveUp = () => {
      if (!open) return;
      open = false;
      clearTimeout(silence);
      source.close();
      if (!lost) onLost();
      lost = true;
      setTimeout(connect, retryMs);
      retryMs = Math.min(RETRY_MS_MAX, retryMs * 1.5);
    };
    const expectMore = () => {
      clearTimeout(silence);
      silence = setTimeout(giveUp, SILENCE_MS);
    };

    source.addEventListener('state', (event) => {
      lost = false;
      retryMs = RETRY_MS_MIN;
      expectMore();
      onState(JSON.parse(event.data));
    });
    source.addEventListener('error', giveUp);
    expectMore();
  };
  connect();
}
