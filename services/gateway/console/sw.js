// Lets the page start without a network: the worker caches the page's own files, and no data of any rig.
//
// The network always comes first, so that the next load uses a new version.

const CACHE = 'shell';
/** The page, its modules, styles and icons: nothing below /v1, no socket, nothing else. */
const SHELL = /^(index\.html|[\w-]+\.js|css\/[\w-]+\.css|icon[\w-]*\.\w+|manifest\.webmanifest)?$/;

const worker = /** @type {any} */ (globalThis);

worker.addEventListener('install', () => worker.skipWaiting());
worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  const home = new URL(worker.registration.scope);
  if (request.method !== 'GET' || url.origin !== home.origin || !url.pathname.startsWith(home.pathname)) return;
  if (!SHELL.test(url.pathname.slice(home.pathname.length))) return;
  if (request.mode !== 'navigate' && request.headers.get('accept')?.includes('json')) return;
  event.respondWith(networkFirst(request, url.origin + url.pathname));
});
// The page (install.js) names the files that it loaded before the worker was active.
worker.addEventListener('message', async (/** @type {any} */ { data }) => (await caches.open(CACHE)).addAll(data));

/** @param {Request} request @param {string} key without the rig's name: the page is the same for all */
async function networkFirst(request, key) {
  try {
    const response = await fetch(request);
    if (response.ok) await keep(key, response.clone());
    return response;
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(key, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

/**
 * Caches a response. If the browser has no room for it or forbids it, the page gets the response all the same.
 * @param {string} key
 * @param {Response} response
 */
async function keep(key, response) {
  try {
    await (await caches.open(CACHE)).put(key, response);
  } catch {
    // not cached: the page loads it from the network
  }
}
