// <light-bank>: one row of the board. Scrolled out of sight, it comes back as another row.

import { LightFader } from './fader.js';

export class LightBank extends HTMLElement {
  /** Which row it is. */
  row = -1;
  /** @type {LightFader[]} */
  faders = [];

  connectedCallback() {
    this.setAttribute('role', 'group');
  }

  /**
   * Becomes this row, with these dimmers; null leaves a place empty.
   * @param {number} row
   * @param {(number | null)[]} dimmers
   */
  become(row, dimmers) {
    this.row = row;
    this.#fill(dimmers.length);
    this.faders.forEach((fader, i) => fader.become(dimmers[i] ?? null));
    const present = dimmers.filter((dimmer) => dimmer !== null);
    this.setAttribute('aria-label', `Dimmers ${present[0]} to ${present.at(-1)}`);
  }

  /** Whether it may become another row: nobody holds one of its faders or types on it. */
  get idle() {
    return !this.contains(document.activeElement) && !this.querySelector('[data-held]');
  }

  /** @param {number} count */
  #fill(count) {
    while (this.faders.length > count) this.faders.pop()?.remove();
    while (this.faders.length < count) {
      const fader = new LightFader();
      this.append(fader);
      this.faders.push(fader);
    }
  }
}

customElements.define('light-bank', LightBank);
