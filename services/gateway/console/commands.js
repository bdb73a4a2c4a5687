// What is said to the rig: connects the command line, the words, undo and speech, each of which has its own file.

import { Answer, sentence } from './answer.js';
import { CommandLine } from './command_line.js';
import { byId } from './dom.js';
import { remember, remembered } from './settings.js';
import { Saying, isUnknown } from './saying.js';
import { speech } from './speech.js';
import { undo } from './undo.js';
import { WordsPanel } from './words_panel.js';

/** @typedef {import('./ghostlight.js').Refusal} Refusal */

export class Commands {
  #rig;
  #tell;
  #preview;
  #saying;
  #answer = new Answer();
  #line;
  #words;
  #section = byId('command', HTMLElement);
  #opener = byId('command-open', HTMLElement);
  /** Restores the focus when the command line is left. */
  #goBack = () => {};

  /**
   * @param {() => import('./grabs.js').Rig} rig
   * @param {import('./selection.js').Selection} selection
   * @param {import('./preview.js').Preview} preview
   * @param {(text: string) => void} tell shows a message above the board
   */
  constructor(rig, selection, preview, tell) {
    this.#rig = rig;
    this.#tell = tell;
    this.#preview = preview;
    this.#saying = new Saying(rig, selection);
    /** @param {string} text @param {string} [of] */
    const say = (text, of) => this.#say(text, of);
    this.#line = new CommandLine({ rig, selection: () => this.#saying.selection, preview, say }, this.#answer);
    const lookAt = (/** @type {string} */ text) => this.#line.lookAt(text);
    this.#words = new WordsPanel({ rig, selection, say, lookAt, tell: (text) => this.#answer.tell(text) });
    undo((text) => void this.#say(text));
    speech((text) => this.#line.put(text), (text) => this.#answer.tell(text));

    this.#opener.addEventListener('click', (event) => {
      if (this.#isOpen) return this.#leave();
      // A finger opens it for the words as often as for a text, and a keyboard on the screen would cover them.
      const isFinger = event instanceof PointerEvent && event.pointerType === 'touch';
      this.open(() => () => this.#opener.focus(), isFinger && this.#words.isShown ? this.#section : null);
    });
    byId('command-close', HTMLElement).addEventListener('click', () => this.#leave());
    this.#section.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      event.preventDefault();
      this.#leave();
    });
    const toggle = byId('words-open', HTMLElement);
    const show = (/** @type {boolean} */ shown) => {
      toggle.setAttribute('aria-pressed', `${shown}`);
      this.#words.show(shown);
    };
    toggle.addEventListener('click', () => {
      const shown = toggle.getAttribute('aria-pressed') !== 'true';
      remember('words', shown ? 'shown' : 'hidden');
      show(shown);
    });
    show(remembered('words') !== 'hidden');
    this.locked = true;
  }

  get #isOpen() {
    return !this.#section.hidden;
  }

  /** Opens the command line. @param {() => () => void} wayBack returns what restores the focus
   * @param {HTMLElement | null} focus what gets the focus; the command line if left out */
  open(wayBack, focus = null) {
    if (!this.#isOpen) {
      this.#goBack = wayBack();
      this.#section.hidden = false;
      this.#opener.setAttribute('aria-expanded', 'true');
      document.body.toggleAttribute('data-commanding', true);
      this.#words.touch();
      this.#line.renew();
    }
    if (focus) focus.focus({ preventScroll: true });
    else this.#line.focus();
  }

  /** Opens it for the search among the words. @param {() => () => void} wayBack */
  openWords(wayBack) {
    this.open(wayBack);
    this.#words.focus();
  }

  #leave() {
    this.#line.leave();
    this.#section.hidden = true;
    this.#opener.setAttribute('aria-expanded', 'false');
    document.body.toggleAttribute('data-commanding', false);
    this.#goBack();
  }

  /** Whether the rig is not live: nothing is previewed, and nothing is done. */
  set locked(/** @type {boolean} */ locked) {
    this.#words.locked = locked;
    for (const id of ['command-do', 'undo', 'redo']) byId(id, HTMLElement).setAttribute('aria-disabled', `${locked}`);
    if (locked) this.#preview.show(null);
    if (!this.#isOpen) return;
    if (!this.#line.isEmpty) this.#line.renew();
    else if (!locked && this.#answer.isAboutPreview) this.#answer.clear();
  }

  /** Takes in a change of the rig. @param {import('./ghostlight.js').Changed} changed */
  follow(changed) {
    this.#words.follow(changed);
    if (this.#isOpen) this.#line.outdated();
  }

  /** The selection on the board is another one. */
  selected() {
    this.#words.touch();
    if (this.#isOpen && !this.#line.isEmpty) this.#line.renew();
  }

  /** Another connection has replaced the former one, or the first one begins. */
  begin() {
    this.#words.touch();
  }

  /** Does a text, and tells how it was understood. Returns whether it was done. @param {string} text
   * @param {string} [selection] */
  async #say(text, selection) {
    const { state } = this.#rig();
    if (state !== 'live') {
      this.#answer.locked(state);
      if (!this.#isOpen) this.#tell(`Nothing is done while the rig is ${state}.`);
      return false;
    }
    try {
      const said = await this.#saying.say(text, selection);
      this.#preview.show(null);
      this.#answer.did(said);
      if (!this.#isOpen) this.#tell(`Done: ${sentence(said)}`);
      return true;
    } catch (error) {
      const refusal = /** @type {Refusal} */ (error);
      if (isUnknown(refusal)) {
        this.#answer.tell('No answer came, so it may have been done. The same text once more is never done twice.');
      } else {
        this.#answer.refused(refusal, text);
      }
      if (!this.#isOpen) this.#tell(refusal.message);
      return false;
    }
  }
}
