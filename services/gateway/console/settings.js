// What this screen remembers: its name, and how the operator likes the board.

import { plain } from './typed.js';

/** @typedef {{name: string, size: string, panel: string}} Settings */

/** @param {keyof Settings} key */
export function remembered(key) {
  try {
    return localStorage.getItem(`ghostlight.${key}`);
  } catch {
    return null; // storage is switched off: all is as at the first time
  }
}

/** @param {keyof Settings} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(`ghostlight.${key}`, value);
  } catch {
    // then it holds until the page is closed
  }
}

/** What kind of console this screen makes. */
export function kindOfScreen() {
  const short = Math.min(innerWidth, innerHeight);
  if (short < 500) return 'phone';
  return matchMedia('(pointer: coarse)').matches ? 'tablet' : 'desk';
}

/** A name as a rig takes it: of at most 64 characters. @param {string} text */
export const nameOf = (text) => [...plain(text)].slice(0, 64).join('');

/** What others see of this console: what it was called here, else its kind and a number. */
export function consoleName() {
  const known = nameOf(remembered('name') ?? '');
  if (known) return known;
  const kind = kindOfScreen();
  const name = `${kind[0]?.toUpperCase()}${kind.slice(1)} ${10 + Math.floor(Math.random() * 90)}`;
  remember('name', name);
  return name;
}
