// Which dimmers the board shows, and in which place: all of them, or the used ones. Pure.

/** The highest number a dimmer may have. */
export const LAST_DIMMER = 65535;

export class View {
  /** @type {'all' | 'used'} */
  kind = 'all';
  #used = new Uint8Array(LAST_DIMMER + 1);
  #list = new Uint16Array(0);
  #stale = false;

  /**
   * Notes whether a dimmer has a level or a label. The places of used dimmers change only with `renew`, so that no
   * fader moves away under a hand.
   * @param {number} dimmer
   * @param {boolean} used
   */
  mark(dimmer, used) {
    if ((this.#used[dimmer] === 1) === used) return;
    this.#used[dimmer] = used ? 1 : 0;
    this.#stale = true;
  }

  /** Marks all dimmers as unused. */
  clear() {
    this.#used.fill(0);
    this.#stale = true;
  }

  /** Applies the marks. Returns whether any place changed. */
  renew() {
    if (!this.#stale) return false;
    this.#stale = false;
    const list = [];
    for (let dimmer = 1; dimmer <= LAST_DIMMER; dimmer += 1) if (this.#used[dimmer]) list.push(dimmer);
    this.#list = Uint16Array.from(list);
    return this.kind === 'used';
  }

  /** The number of used dimmers. */
  get used() {
    return this.#list.length;
  }

  /** The number of dimmers that the board shows. */
  get count() {
    return this.kind === 'all' ? LAST_DIMMER : this.#list.length;
  }

  /**
   * The dimmer at a place, counted from 0; null after the last.
   * @param {number} place
   */
  dimmer(place) {
    if (place >= this.count) return null;
    return this.kind === 'all' ? place + 1 : /** @type {number} */ (this.#list[place]);
  }

  /**
   * The place of a dimmer or, if it is not shown, of the next dimmer that is.
   * @param {number} dimmer
   */
  place(dimmer) {
    if (this.kind === 'all') return dimmer - 1;
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {number} */ (this.#list[middle]) < dimmer) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, Math.max(0, this.#list.length - 1));
  }
}
