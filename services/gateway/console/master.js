// The grand master and the blackout: the same for all consoles, and on screen at all times.

import { byId } from './dom.js';
import { draw } from './frame.js';
import { LightFader } from './fader.js';
import { MASTER, hundredths } from './hands.js';

export class Master {
  #fader = byId('master', LightFader);
  #blackout = byId('blackout', HTMLButtonElement);
  #rig;
  #hands;
  #typed = '';
  #paint = () => this.#draw();

  /**
   * @param {() => import('./hands.js').Rig} rig
   * @param {import('./hands.js').Hands} hands
   */
  constructor(rig, hands) {
    this.#rig = rig;
    this.#hands = hands;
    this.#blackout.addEventListener('click', () => hands.turnBlackout());
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
    const { locked } = this.#hands;
    this.#fader.style.setProperty('--out', blackout ? '0%' : '100%');
    const changed = this.#fader.show({
      level: this.#hands.shown(MASTER),
      output: blackout ? 0 : (hundredths(master) ?? 0),
      ghost: this.#hands.ghost(MASTER),
      label: '',
      held: this.#hands.held(MASTER),
      selected: false,
      locked,
      typed: this.#typed,
    });
    if (changed) this.#fader.read();
    this.#blackout.setAttribute('aria-pressed', `${blackout}`);
    this.#blackout.setAttribute('aria-disabled', `${locked}`);
  }
}
