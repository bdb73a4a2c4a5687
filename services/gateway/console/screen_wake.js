// Two switches for the screen: keep it awake, and show the page full screen.

import { byId } from './dom.js';

/** @param {(told: string) => void} tell */
export function screenSwitches(tell) {
  const awake = byId('awake', HTMLButtonElement);
  const full = byId('full-screen', HTMLButtonElement);
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let wanted = false;

  // The system releases the lock whenever the page is hidden, so it is requested again.
  const take = async () => {
    try {
      lock = await navigator.wakeLock.request('screen');
      lock.addEventListener('release', show);
    } catch {
      wanted = false;
      tell('The browser does not keep the screen awake: it needs a secure page and enough battery.');
    }
    show();
  };
  const show = () => awake.setAttribute('aria-pressed', `${lock?.released === false}`);

  awake.addEventListener('click', () => {
    wanted = lock?.released !== false;
    return wanted ? take() : lock?.release();
  });
  document.addEventListener('visibilitychange', () => wanted && !document.hidden && take());

  full.hidden = !document.fullscreenEnabled;
  full.addEventListener('click', () => {
    const page = document.documentElement;
    const turn = document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen();
    turn.catch(() => tell('The browser does not allow full screen here.'));
  });
  document.addEventListener('fullscreenchange', () => {
    full.setAttribute('aria-pressed', `${document.fullscreenElement !== null}`);
  });
}
