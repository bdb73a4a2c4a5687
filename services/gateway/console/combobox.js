// The completions below the caret, as a combobox with a list (WAI-ARIA): the focus stays in the field.

import { accept, complete } from './completion.js';
import { byId, make } from './dom.js';

/** @typedef {import('./completion.js').Option} Option */

export class Combobox {
  #field;
  #list = byId('command-options', HTMLElement);
  #names;
  #changed;
  /** @type {Option[]} */
  #options = [];
  #from = 0;
  #active = -1;

  /**
   * @param {HTMLInputElement} field
   * @param {() => import('./completion.js').Names} names
   * @param {() => void} changed called when an option has been put into the field
   */
  constructor(field, names, changed) {
    this.#field = field;
    this.#names = names;
    this.#changed = changed;
    // The field keeps the focus, so that a phone keeps its keyboard.
    this.#list.addEventListener('pointerdown', (event) => event.preventDefault());
    this.#list.addEventListener('click', ({ target }) => {
      const place = [...this.#list.children].findIndex((row) => target instanceof Node && row.contains(target));
      if (place >= 0) this.#take(place);
    });
  }

  /** Whether the list is shown. */
  get open() {
    return this.#options.length > 0;
  }

  /** Looks up what goes on with the text before the caret. */
  update() {
    const { value, selectionStart, selectionEnd } = this.#field;
    const caret = selectionEnd ?? value.length;
    const isCaret = selectionStart === selectionEnd;
    const { from, options } = isCaret ? complete(value, caret, this.#names()) : { from: 0, options: [] };
    this.#show(from, options);
  }

  close() {
    this.#show(0, []);
  }

  /** Handles a key. Returns whether it was for the list. @param {KeyboardEvent} event */
  key({ key, shiftKey }) {
    const { length } = this.#options;
    if (length === 0) return false;
    if (key === 'Escape') this.close();
    else if (key === 'ArrowDown') this.#choose((this.#active + 1) % length);
    else if (key === 'ArrowUp') this.#choose(this.#active > 0 ? this.#active - 1 : length - 1);
    else if (key === 'Tab' && !shiftKey) this.#take(Math.max(0, this.#active));
    else if (key === 'Enter' && this.#active >= 0) this.#take(this.#active);
    else return false;
    return true;
  }

  /** @param {number} from @param {Option[]} options */
  #show(from, options) {
    this.#from = from;
    this.#options = options;
    this.#list.replaceChildren(...options.map(row));
    this.#list.hidden = options.length === 0;
    this.#field.setAttribute('aria-expanded', `${options.length > 0}`);
    this.#choose(-1);
  }

  /** @param {number} place */
  #choose(place) {
    this.#active = place;
    for (const [i, option] of [...this.#list.children].entries()) {
      option.setAttribute('aria-selected', `${i === this.#active}`);
      if (i === this.#active) option.scrollIntoView({ block: 'nearest' });
    }
    const { id = '' } = this.#list.children[this.#active] ?? {};
    if (id) this.#field.setAttribute('aria-activedescendant', id);
    else this.#field.removeAttribute('aria-activedescendant');
  }

  /** Puts an option into the text. @param {number} place */
  #take(place) {
    const option = this.#options[place];
    if (!option) return;
    const { value, selectionEnd } = this.#field;
    const { text, caret } = accept(value, selectionEnd ?? value.length, this.#from, option);
    this.#field.value = text;
    this.#field.setSelectionRange(caret, caret);
    this.close();
    this.#changed();
  }
}

/** @param {Option} option @param {number} place */
function row({ text, kind }, place) {
  const item = make('li', '', make('b', '', text));
  item.append(make('span', 'quiet', kind));
  item.id = `command-option-${place}`;
  item.setAttribute('role', 'option');
  return item;
}
