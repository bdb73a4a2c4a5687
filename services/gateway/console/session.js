// The page's connection to the rig, which can take another name without a gap.

import { connect } from './ghostlight.js';
import { kindOfScreen } from './settings.js';

/** @typedef {ReturnType<typeof connect>} Rig */

export class Session {
  #name;
  #told;
  #changed;
  /** @type {Rig} */
  #rig;
  /** The connection under the new name, until it is live. @type {Rig | null} */
  #next = null;

  /**
   * @param {string} rig
   * @param {string} name what people call this console
   * @param {(event: Event) => void} told called with each event of the rig
   * @param {() => void} changed called when another connection has replaced the former one
   */
  constructor(rig, name, told, changed) {
    this.#name = rig;
    this.#told = told;
    this.#changed = changed;
    this.#rig = this.#connect(name);
    for (const event of ['online', 'pageshow', 'focus']) addEventListener(event, () => this.#wake());
    document.addEventListener('visibilitychange', () => document.hidden || this.#wake());
  }

  get rig() {
    return this.#rig;
  }

  /** Connects again under another name, and closes the former connection once the new one is live.
   * @param {string} name */
  rename(name) {
    this.#next?.close();
    const next = this.#connect(name);
    this.#next = next;
    next.addEventListener('state', () => {
      if (next.state !== 'live' || this.#next !== next) return;
      this.#next = null;
      const former = this.#rig;
      this.#rig = next;
      former.close();
      this.#changed();
    });
  }

  /** @param {string} name */
  #connect(name) {
    // The kinds that this page shows.
    const kinds = ['levels', 'labels', 'master', 'blackout', 'words'];
    const wanted = { presence: true, timing: true, kinds };
    const rig = connect(new URL('.', location.href), { rig: this.#name, name, kind: kindOfScreen(), ...wanted });
    for (const type of /** @type {const} */ (['state', 'change', 'presence', 'refused', 'ack'])) {
      rig.addEventListener(type, (event) => this.#rig === rig && this.#told(event));
    }
    return rig;
  }

  #wake() {
    this.#rig.wake();
    this.#next?.wake();
  }
}
