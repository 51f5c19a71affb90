/**
 * Requests to the shop. A refusal is an expected outcome, so it is a value: the caller always gets `ok` and either the
 * answer or the message that the server wrote for people. Only an abort is thrown, for whoever aborted it.
 */
import { plural } from './format.js';
import { toast } from './toast.js';

/** @typedef {{ ok: false, status: number, message: string, retryMs: number }} Refusal `retryMs` is 0 when nobody said when */
/**
 * @template T
 * @typedef {{ ok: true, value: T } | Refusal} Outcome
 */

/**
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, signal?: AbortSignal }} [options]
 * @returns {Promise<Outcome<T>>}
 */
export async function request(method, path, { body, signal } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      ...(signal ? { signal } : {}),
    });
    if (response.ok) return { ok: true, value: response.status === 204 ? undefined : await response.json() };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { ok: false, status: 0, message: 'The shop does not answer.', retryMs: 0 };
  }
  const retrySeconds = Number(response.headers.get('retry-after') ?? 0) || 0;
  if (response.status === 429) {
    const message = `The front door said no: try again in ${plural(Math.max(1, retrySeconds), 'second')}.`;
    return { ok: false, status: 429, message, retryMs: Math.max(1, retrySeconds) * 1000 };
  }
  /** @type {{ error?: { message?: string } }} */
  const refusal = await response.json().catch(() => ({}));
  const message = refusal.error?.message ?? `The shop answered ${response.status} ${response.statusText}`;
  return { ok: false, status: response.status, message, retryMs: retrySeconds * 1000 };
}

/**
 * For a button: the refusal is shown as it is.
 *
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<Outcome<T>>}
 */
export async function command(method, path, body) {
  /** @type {Outcome<T>} */
  const outcome = await request(method, path, { body });
  if (!outcome.ok) toast(outcome.message);
  return outcome;
}

/**
 * A sku in a path: `@scope/name` keeps its slash, everything else that a path could misread is escaped.
 *
 * @param {string} sku
 */
export const skuPath = (sku) => sku.split('/').map(encodeURIComponent).join('/');
