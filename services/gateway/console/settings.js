// The stored settings of this screen: its name, and how the operator likes the board.

import { plain } from './typed.js';

/** @typedef {{name: string, size: string, panel: string, commands: string, words: string}} Settings */

/** @param {keyof Settings} key */
export function remembered(key) {
  try {
    return localStorage.getItem(`ghostlight.${key}`);
  } catch {
    return null; // storage is switched off: the defaults apply
  }
}

/** @param {keyof Settings} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(`ghostlight.${key}`, value);
  } catch {
    // storage is switched off: the setting lasts until the page is closed
  }
}

/** The kind of console that this screen is. */
export function kindOfScreen() {
  const short = Math.min(innerWidth, innerHeight);
  if (short < 500) return 'phone';
  return matchMedia('(pointer: coarse)').matches ? 'tablet' : 'desk';
}

/** A name that a rig accepts: at most 64 characters. @param {string} text */
export const nameOf = (text) => [...plain(text)].slice(0, 64).join('');

/** The name that other consoles see: the stored one, or else the kind of screen and a number. */
export function consoleName() {
  const known = nameOf(remembered('name') ?? '');
  if (known) return known;
  const kind = kindOfScreen();
  const name = `${kind[0]?.toUpperCase()}${kind.slice(1)} ${10 + Math.floor(Math.random() * 90)}`;
  remember('name', name);
  return name;
}
