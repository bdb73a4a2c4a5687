// Recording a word: which faders it takes is chosen, and told with their number.

import { byId, write } from './dom.js';
import { fold, quoted, selectionText } from './language.js';
import { confirmed } from './prompt.js';
import { plain } from './typed.js';

/** Which dimmers are recorded: the first of these that has any, unless somebody chose. */
const CHOICES = /** @type {const} */ (['selected', 'changed', 'lit']);

/** @typedef {(typeof CHOICES)[number]} Choice */

export class Recording {
  #means;
  #name = byId('record-name', HTMLInputElement);
  #what = byId('record-what', HTMLSelectElement);
  /** The dimmers whose levels this page has changed since the last recording. @type {Set<number>} */
  #changed = new Set();
  #isChosen = false;

  /** @param {import('./words_panel.js').Means} means */
  constructor(means) {
    this.#means = means;
    this.#what.addEventListener('change', () => (this.#isChosen = true));
    byId('record-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#record();
    });
  }

  /** Notes which dimmers this page has changed. @param {import('./ghostlight.js').Changed} changed */
  follow({ origins }) {
    for (const { own, items } of origins) if (own) for (const dimmer of items.levels ?? []) this.#changed.add(dimmer);
  }

  /** Shows how many dimmers each choice has. */
  draw() {
    const { levels } = this.#means.rig();
    let lit = 0;
    for (const level of levels.values()) if (level > 0) lit += 1;
    const counts = { selected: this.#means.selection.size, changed: this.#changed.size, lit };
    const names = { selected: 'selected', changed: 'changed', lit: 'above 0 %' };
    for (const choice of CHOICES) {
      const option = byId(`record-${choice}`, HTMLOptionElement);
      write(option, `${counts[choice]} ${names[choice]}`);
      option.disabled = counts[choice] === 0;
    }
    const first = CHOICES.find((choice) => counts[choice] > 0) ?? 'lit';
    if (!this.#isChosen || counts[/** @type {Choice} */ (this.#what.value)] === 0) this.#what.value = first;
  }

  async #record() {
    const { rig, selection, say, tell } = this.#means;
    const name = plain(this.#name.value);
    const what = /** @type {Choice} */ (this.#what.value);
    // The dimmers of now: a question takes a while.
    const dimmers = what === 'selected' ? [...selection] : [...this.#changed].sort((a, b) => a - b);
    if (!/[\p{L}\p{N}]/u.test(name)) {
      this.#name.focus();
      return tell('A word needs a name with a letter or a digit.');
    }
    if (rig().words.has(fold(name)) && !(await confirmed(`There is a word ${fold(name)}. Replace its look?`, 'Replace'))) return;
    const isDone = what === 'lit'
      ? await say(`record ${quoted(name)}`)
      : await say(`last record ${quoted(name)}`, selectionText(dimmers));
    if (!isDone) return;
    this.#name.value = '';
    this.#changed.clear();
    this.#isChosen = false;
    this.draw();
  }
}
