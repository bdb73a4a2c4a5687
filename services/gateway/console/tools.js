// The actions on all selected dimmers.

import { byId, write } from './dom.js';
import { FULL } from './selection.js';

const GRIP = 'tool flash';
/** How many of the selected dimmers are named. */
const MAX_NAMED = 8;

export class Tools {
  #selection;
  #lastChange = '';

  /**
   * @param {import('./selection.js').Selection} selection
   * @param {import('./grabs.js').Grabs} grabs
   * @param {{label: () => void, clear: () => void}} actions
   */
  constructor(selection, grabs, { label, clear }) {
    this.#selection = selection;
    const on = (/** @type {string} */ id, /** @type {() => void} */ action) => {
      byId(`tool-${id}`, HTMLElement).addEventListener('click', action);
    };
    on('full', () => grabs.set(selection, FULL));
    on('out', () => grabs.set(selection, 0));
    on('label', label);
    on('clear', clear);

    const flash = byId('tool-flash', HTMLElement);
    const press = () => grabs.flash(GRIP, selection);
    const lift = () => grabs.release(GRIP);
    const isPress = (/** @type {KeyboardEvent} */ { key }) => key === ' ' || key === 'Enter';
    flash.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      flash.setPointerCapture(event.pointerId);
      press();
    });
    flash.addEventListener('keydown', (event) => isPress(event) && !event.repeat && press());
    flash.addEventListener('keyup', (event) => isPress(event) && lift());
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) flash.addEventListener(end, lift);
    flash.addEventListener('contextmenu', (event) => event.preventDefault());
    this.show(true);
  }

  /** Shows who changed the only selected dimmer, and when. @param {string} text */
  tell(text) {
    this.#lastChange = text;
    this.#write();
  }

  #write() {
    const { size } = this.#selection;
    const [only] = size === 1 ? this.#selection : [];
    const told = only !== undefined && this.#lastChange ? `${only}: ${this.#lastChange}` : `${size} selected`;
    write(byId('selected', HTMLElement), size === 0 ? 'None selected' : told);
    const named = [...this.#selection].slice(0, MAX_NAMED).join(', ');
    write(byId('chosen', HTMLElement), `Selected: ${named}${size > MAX_NAMED ? ` and ${size - MAX_NAMED} more` : ''}`);
  }

  /** @param {boolean} locked */
  show(locked) {
    const { size } = this.#selection;
    document.body.toggleAttribute('data-selecting', size > 0);
    this.#write();
    for (const id of ['full', 'out', 'flash', 'label', 'clear']) {
      byId(`tool-${id}`, HTMLButtonElement).disabled = size === 0 || (locked && id !== 'clear');
    }
  }
}
