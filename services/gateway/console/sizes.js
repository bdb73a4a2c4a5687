// The size of the faders on this screen.

import { byId } from './dom.js';
import { remember, remembered } from './settings.js';

/** @param {import('./board.js').Board} board */
export function sizes(board) {
  const choose = (/** @type {import('./rows.js').Size} */ size) => {
    document.documentElement.dataset.size = size;
    for (const each of ['comfortable', 'compact']) {
      byId(`size-${each}`, HTMLElement).setAttribute('aria-pressed', `${each === size}`);
    }
    board.size = size;
  };
  for (const size of /** @type {const} */ (['comfortable', 'compact'])) {
    byId(`size-${size}`, HTMLElement).addEventListener('click', () => {
      remember('size', size);
      choose(size);
    });
  }
  choose(remembered('size') === 'compact' ? 'compact' : 'comfortable');
}
