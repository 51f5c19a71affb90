/**
 * The ways a load can fail that are not the loader's own error.
 *
 * All carry a stable `code`, since `instanceof` fails between an ESM and a CommonJS copy of the package living in one
 * process. None names the key: a key may be a secret, and error messages travel to logs.
 */
export class LoadTimeoutError extends Error {
  override readonly name = 'LoadTimeoutError';
  readonly code = 'LOAD_TIMEOUT';
  constructor(timeoutMs: number) {
    super(`the load took longer than timeoutMs = ${String(timeoutMs)}`);
  }
}

export class LoadQueueFullError extends Error {
  override readonly name = 'LoadQueueFullError';
  readonly code = 'LOAD_QUEUE_FULL';
  constructor(maxQueuedLoads: number) {
    super(`maxQueuedLoads = ${String(maxQueuedLoads)} loads are already waiting; raise it or shed load`);
  }
}

/** A loader that fetches the very key it loads would wait for itself. */
export class LoadCycleError extends Error {
  override readonly name = 'LoadCycleError';
  readonly code = 'LOAD_CYCLE';
  constructor() {
    super('the loader of a key fetched the same key, which would wait for itself; read the source, or context.stale');
  }
}
