/* global self */
/**
 * The browser as a layer: a service worker that answers `shop/...` from the package's private HTTP cache.
 *
 * It obeys what the server says, as the browser's own cache would, but its answers say so in `Cache-Status`, and it can
 * be switched off. Its own requests go past the browser's cache: two private caches in a row would hide each other. What
 * it holds lives as long as the worker does; a browser stops one that has nothing to do, and then it begins empty.
 */
import { httpCache } from './vendor/lru-cache/http.js';

const MAX_BYTES = 4 * 1024 * 1024;

/** Keeps the worker alive for a refresh behind an answer. */
let extend = (/** @type {Promise<void>} */ _work) => undefined;

const open = () =>
  httpCache({
    fetch: (request) => fetch(request, { cache: 'no-store' }),
    shared: false,
    name: 'browser',
    maxBytes: MAX_BYTES,
    onBackground: (work) => extend(work),
  });

/** @type {ReturnType<typeof open> | undefined} */
let cached = open();

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', ({ data }) => {
  if (data.isOn !== (cached !== undefined)) cached = data.isOn ? open() : undefined;
});
self.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (cached === undefined || origin !== self.location.origin || !pathname.startsWith('/shop/')) return;
  extend = (work) => {
    // The event whose answer waited for another's may be over; then the browser decides how long the refresh may take.
    try {
      event.waitUntil(work);
    } catch {
      return;
    }
  };
  event.respondWith(cached(event.request));
});
