// Makes the page one that can be installed: sw.js keeps its files, those that were loaded before it was there too.

export async function keepShell() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return; // only on secure pages
  try {
    await serviceWorker.register('sw.js');
    const { active } = await serviceWorker.ready;
    const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
    active?.postMessage([location.pathname, ...loaded.filter((name) => /\.(js|css|svg)$/.test(name))]);
  } catch {
    // a browser that keeps nothing shows the page all the same
  }
}
