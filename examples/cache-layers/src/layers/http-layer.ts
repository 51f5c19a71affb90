/**
 * A layer that speaks HTTP and can be switched off: the package's cache, private (a browser) or shared (an edge).
 *
 * Off, a request passes as if the layer were not there. On again, it begins empty.
 */
import { httpCache } from '@loadbearing/lru-cache/http';

export type Fetch = (request: Request) => Promise<Response>;

export interface HttpLayer {
  readonly fetch: Fetch;
  isOn: boolean;
}

export interface HttpLayerOptions {
  readonly name: 'browser' | 'edge';
  readonly next: Fetch;
  readonly maxBytes: number;
  readonly isOn: boolean;
}

const wallClock = { now: () => Date.now() };

export function httpLayer({ name, next, maxBytes, isOn }: HttpLayerOptions): HttpLayer {
  const open = (): Fetch => httpCache({ fetch: next, shared: name === 'edge', name, maxBytes, wallClock });
  let cached = isOn ? open() : undefined;
  return {
    fetch: async (request) => {
      if (cached === undefined) return next(request);
      const beganMs = performance.now();
      const response = await cached(request);
      return timed(response, name, performance.now() - beganMs);
    },
    get isOn() {
      return cached !== undefined;
    },
    set isOn(value) {
      if (value !== (cached !== undefined)) cached = value ? open() : undefined;
    },
  };
}

/**
 * Adds the layer's entry to `Server-Timing`; where it was a hit, what stands there already is of an earlier day. In
 * place: the answer was made for this reader.
 */
function timed(response: Response, name: string, ms: number): Response {
  const { headers } = response;
  const status = headers.get('cache-status') ?? '';
  const last = status.slice(status.lastIndexOf(',') + 1).trimStart();
  const isHit = last.startsWith(name) && last.includes('hit');
  const entry = `${name};dur=${ms.toFixed(2)}`;
  const before = headers.get('server-timing');
  headers.set('server-timing', isHit || before === null ? entry : `${entry}, ${before}`);
  return response;
}
