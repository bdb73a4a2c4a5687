// Makes the page installable: sw.js caches its files, including those that were loaded before the worker was active.

export async function keepShell() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // only on secure pages
  try {
    await serviceWorker.register('sw.js');
    const { active } = await serviceWorker.ready;
    const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
    active?.postMessage([location.pathname, ...loaded.filter((name) => /\.(js|css|svg)$/.test(name))]);
  } catch {
    // without a worker the page works all the same
  }
}
