// The selected dimmers, and how faders move together. Pure.

/** The most dimmers in a selection, because every move sends all of them. */
export const MAX_SELECTED = 1024;

export const FULL = 10000;

export class Selection {
  /** @type {Set<number>} */
  #dimmers = new Set();
  /** @type {number | null} */
  #anchor = null;

  get size() {
    return this.#dimmers.size;
  }

  /** @param {number} dimmer */
  has(dimmer) {
    return this.#dimmers.has(dimmer);
  }

  [Symbol.iterator]() {
    return this.#dimmers.values();
  }

  /** @param {number} dimmer */
  toggle(dimmer) {
    this.#anchor = dimmer;
    if (!this.#dimmers.delete(dimmer)) this.#add([dimmer]);
  }

  /**
   * Adds all dimmers from the last one toggled to this one, both included.
   * @param {number} dimmer
   * @param {import('./view.js').View} view decides which dimmers are shown
   */
  extend(dimmer, view) {
    const ends = [view.place(this.#anchor ?? dimmer), view.place(dimmer)];
    const [from, to] = [Math.min(...ends), Math.max(...ends)];
    const places = Array.from({ length: Math.min(to - from + 1, MAX_SELECTED) }, (_, i) => from + i);
    this.#add(places.flatMap((place) => view.dimmer(place) ?? []));
    this.#anchor = dimmer;
  }

  clear() {
    this.#dimmers.clear();
    this.#anchor = null;
  }

  /** @param {number[]} dimmers */
  #add(dimmers) {
    for (const dimmer of dimmers) if (this.#dimmers.size < MAX_SELECTED) this.#dimmers.add(dimmer);
  }
}

/**
 * The levels of faders that move together: they keep their differences within 0 to 100 %. The move is counted from
 * `starts` each time, so a difference lost at an end comes back on the way back.
 * @param {Map<number, number>} starts by dimmer, in hundredths
 * @param {number} by hundredths
 * @returns {Map<number, number>}
 */
export function together(starts, by) {
  return new Map([...starts].map(([dimmer, start]) => [dimmer, Math.min(FULL, Math.max(0, start + by))]));
}

/**
 * Limits a move to where the last of the faders reaches its end: beyond that, nothing would move.
 * @param {Map<number, number>} starts
 * @param {number} by
 */
export function within(starts, by) {
  const levels = [...starts.values()];
  return Math.min(FULL - Math.min(...levels), Math.max(-Math.max(...levels), by));
}
