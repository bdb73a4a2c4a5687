// The look of each fader: the rig's level and label, the grab, the selection, the preview, and the level being typed.

import { MASTER, hundredths } from './grabs.js';

/** @typedef {import('./fader.js').Look} Look */

export class Looks {
  #rig;
  #grabs;
  #selection;
  #preview;
  #typed = { dimmer: MASTER, text: '' };

  /**
   * @param {() => import('./grabs.js').Rig} rig returns the connected rig
   * @param {import('./grabs.js').Grabs} grabs
   * @param {import('./selection.js').Selection} selection
   * @param {import('./preview.js').Preview} preview
   */
  constructor(rig, grabs, selection, preview) {
    this.#rig = rig;
    this.#grabs = grabs;
    this.#selection = selection;
    this.#preview = preview;
  }

  /** @param {number} dimmer @returns {Look} */
  of(dimmer) {
    const rig = this.#rig();
    const grabs = this.#grabs;
    return {
      level: grabs.shown(dimmer),
      output: hundredths(rig.output(dimmer)) ?? 0,
      ghost: grabs.ghost(dimmer) ?? this.#preview.ghost(dimmer),
      label: rig.labels.get(dimmer) ?? '',
      held: grabs.held(dimmer),
      waiting: grabs.waiting(dimmer),
      selected: this.#selection.has(dimmer),
      locked: grabs.locked,
      typed: this.#typed.dimmer === dimmer ? this.#typed.text : '',
    };
  }

  /** Whether a level is half typed. */
  get typing() {
    return this.#typed.text !== '';
  }

  /** Sets the text typed on a dimmer. @param {number} dimmer @param {string} text @returns {number} the dimmer of the
   * text before */
  type(dimmer, text) {
    const before = this.#typed.dimmer;
    this.#typed = { dimmer, text };
    return before;
  }
}
