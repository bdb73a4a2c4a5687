// The grand master and the blackout: shared by all consoles and always on screen.

import { byId } from './dom.js';
import { draw } from './frame.js';
import { LightFader } from './fader.js';
import { MASTER, hundredths } from './grabs.js';

export class Master {
  #fader = byId('master', LightFader);
  #blackout = byId('blackout', HTMLButtonElement);
  #rig;
  #grabs;
  #preview;
  #typed = '';
  #paint = () => this.#draw();

  /**
   * @param {() => import('./grabs.js').Rig} rig
   * @param {import('./grabs.js').Grabs} grabs
   * @param {import('./preview.js').Preview} preview
   */
  constructor(rig, grabs, preview) {
    this.#rig = rig;
    this.#grabs = grabs;
    this.#preview = preview;
    this.#blackout.addEventListener('click', () => grabs.turnBlackout());
  }

  set typed(/** @type {string} */ text) {
    this.#typed = text;
    this.touch();
  }

  focus() {
    this.#fader.focus();
  }

  touch() {
    draw(this.#paint);
  }

  #draw() {
    const { blackout, master } = this.#rig();
    const { locked } = this.#grabs;
    this.#fader.style.setProperty('--out', blackout ? '0%' : '100%');
    const changed = this.#fader.show({
      level: this.#grabs.shown(MASTER),
      output: blackout ? 0 : (hundredths(master) ?? 0),
      ghost: this.#grabs.ghost(MASTER) ?? this.#preview.ghost(MASTER),
      label: '',
      held: this.#grabs.held(MASTER),
      waiting: this.#grabs.waiting(MASTER),
      selected: false,
      locked,
      typed: this.#typed,
    });
    if (changed) this.#fader.read();
    this.#blackout.setAttribute('aria-pressed', `${blackout}`);
    this.#blackout.setAttribute('aria-disabled', `${locked}`);
  }
}
