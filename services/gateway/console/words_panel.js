// The words of the rig: a press sets one, a hold previews it. The list follows the rig, and is bounded; a search narrows it.

import { byId, make, write } from './dom.js';
import { draw } from './frame.js';
import { quoted } from './language.js';
import { presses } from './press.js';
import { Recording } from './recording.js';
import { editWord } from './word_edit.js';
import { firstWords } from './word_list.js';

/** The most words that are shown: more than a screen has room for, few enough to be drawn in a frame. */
const MAX_SHOWN = 96;

/**
 * @typedef {object} Means what the words act with
 * @property {() => import('./grabs.js').Rig} rig
 * @property {import('./selection.js').Selection} selection
 * @property {(text: string, selection?: string) => Promise<boolean>} say
 * @property {(text: string) => () => void} lookAt previews a text until the returned function is called
 * @property {(text: string, kind?: 'refused' | 'did') => void} tell
 */

export class WordsPanel {
  #means;
  #section = byId('words', HTMLElement);
  #list = byId('words-list', HTMLElement);
  #search = byId('words-search', HTMLInputElement);
  #edit = byId('words-edit', HTMLElement);
  #told = byId('words-told', HTMLElement);
  #recording;
  #isLocked = true;
  #isStale = true;
  #paint = () => this.#draw();

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    this.#recording = new Recording(means);
    this.#search.addEventListener('input', () => this.touch());
    this.#edit.addEventListener('click', () => {
      this.#edit.setAttribute('aria-pressed', `${!this.#isEditing}`);
      this.touch();
    });
    const full = (/** @type {string} */ word) => `${quoted(word)} full`;
    presses(
      this.#list,
      (word) => void (this.#isEditing ? editWord(means, word) : means.say(full(word))),
      (word) => means.lookAt(full(word)),
    );
  }

  get #isEditing() {
    return this.#edit.getAttribute('aria-pressed') === 'true';
  }

  set locked(/** @type {boolean} */ locked) {
    this.#isLocked = locked;
    this.touch();
  }

  get isShown() {
    return !this.#section.hidden;
  }

  focus() {
    if (this.isShown) this.#search.focus();
  }

  /** @param {boolean} shown */
  show(shown) {
    this.#section.hidden = !shown;
    this.touch();
  }

  /** Takes in a change of the rig. @param {import('./ghostlight.js').Changed} changed */
  follow(changed) {
    this.#recording.follow(changed);
    if (changed.whole || changed.words.size > 0) this.touch();
    else draw(this.#paint);
  }

  /** Draws everything with the next frame. */
  touch() {
    this.#isStale = true;
    draw(this.#paint);
  }

  #draw() {
    if (this.#section.getClientRects().length === 0) return; // not on screen
    this.#recording.draw();
    if (!this.#isStale) return;
    this.#isStale = false;
    const { words } = this.#means.rig();
    const { shown, matching } = firstWords(words.keys(), this.#search.value, MAX_SHOWN);
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    const word = focused instanceof HTMLElement ? focused.dataset.item : undefined;
    const buttons = shown.map((name) => this.#button(name, Object.keys(words.get(name) ?? {}).length));
    this.#list.replaceChildren(...buttons.map((button) => make('li', '', button)));
    // The focus stays on its word while others come and go.
    if (word !== undefined) (buttons.find((button) => button.dataset.item === word) ?? this.#search).focus();
    this.#search.placeholder = `Search ${words.size} ${words.size === 1 ? 'word' : 'words'}`;
    write(this.#told, this.#hint(words.size, shown.length, matching));
  }

  /** @param {number} all @param {number} shown @param {number} matching */
  #hint(all, shown, matching) {
    if (all === 0) return 'No words yet. Set some faders, type a name, and record it.';
    if (matching === 0) return 'No word has this in its name.';
    const what = this.#isEditing ? 'Press a word to rename or delete it.' : 'Press sets a word, hold previews it.';
    return shown < matching ? `${what} ${shown} of ${matching} are shown: search for others.` : what;
  }

  /** @param {string} word @param {number} dimmers */
  #button(word, dimmers) {
    const button = make('button', '');
    if (this.#isEditing) button.append(make('span', 'hidden', 'Rename or delete '));
    const count = make('span', 'quiet', ` ${dimmers}`);
    count.append(make('span', 'hidden', dimmers === 1 ? ' dimmer' : ' dimmers'));
    button.append(make('bdi', '', word), count);
    button.dataset.item = word;
    button.setAttribute('type', 'button');
    button.setAttribute('aria-disabled', `${this.#isLocked}`);
    button.title = word;
    return button;
  }
}
