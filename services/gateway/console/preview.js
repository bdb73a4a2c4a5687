// The levels that a text would set: a ghost mark on each of these faders, before anything is done.

import { MASTER, hundredths } from './grabs.js';

export class Preview {
  /** By dimmer, in hundredths; null is a dimmer that would have no level. @type {Map<number, number | null>} */
  #levels = new Map();
  #touched;

  /** @param {(dimmer: number) => void} touched called with a dimmer that has to be redrawn */
  constructor(touched) {
    this.#touched = touched;
  }

  /** Shows what these changes would do; null shows nothing. @param {import('./ghostlight.js').Change | null} changes */
  show(changes) {
    const before = this.#levels;
    /** @type {[number, number | null][]} */
    const levels = [...(changes?.levels ?? [])].map(([dimmer, level]) => [dimmer, hundredths(level)]);
    this.#levels = new Map(levels);
    if (changes?.master !== undefined) this.#levels.set(MASTER, hundredths(changes.master));
    for (const dimmer of new Set([...before.keys(), ...this.#levels.keys()])) this.#touched(dimmer);
  }

  /** The mark on a dimmer; null if it has none. @param {number} dimmer */
  ghost(dimmer) {
    const level = this.#levels.get(dimmer);
    return level === undefined ? null : { level, by: '' };
  }
}
