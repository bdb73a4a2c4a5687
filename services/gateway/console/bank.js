// <light-bank>: one row of the board. A bank that scrolls out of sight is reused for another row.

import { LightFader } from './fader.js';

export class LightBank extends HTMLElement {
  /** The row that it shows now. */
  row = -1;
  /** @type {LightFader[]} */
  faders = [];

  connectedCallback() {
    this.setAttribute('role', 'group');
  }

  /**
   * Shows this row with these dimmers; null leaves a place empty.
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

  /** Whether it may be reused: no fader of it is held or has the focus. */
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
