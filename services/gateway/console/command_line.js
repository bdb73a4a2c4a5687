// The command line: a text is previewed on the faders while it is typed, and done with Enter.
//
//   keys, speech -> command line -> dry run -> preview (ghost marks), answer (the sentence, or what is wrong)
//                                -> say (commands.js) -> the rig
//
// It keeps nothing for later: while the rig is not live it says so, and the text stays.

import { Answer } from './answer.js';
import { Combobox } from './combobox.js';
import { CommandHistory } from './command_history.js';
import { byId } from './dom.js';
import { DryRun } from './dry_run.js';
import { remember, remembered } from './settings.js';

/** While others move the rig, a preview is made anew this often: `+10` depends on their levels. */
const RENEW_MS = 500;

/**
 * @typedef {object} Means what a command line acts with
 * @property {() => import('./grabs.js').Rig} rig
 * @property {() => string | undefined} selection the selection that is sent with a text
 * @property {import('./preview.js').Preview} preview
 * @property {(text: string) => Promise<boolean>} say does a text, and tells how; whether it is done with
 */

export class CommandLine {
  #means;
  #field = byId('command-text', HTMLInputElement);
  #do = byId('command-do', HTMLButtonElement);
  #answer;
  #combobox;
  #dryRun;
  #history = new CommandHistory({ load: () => remembered('commands'), save: (text) => remember('commands', text) });
  /** @type {ReturnType<typeof setTimeout> | null} */
  #renewal = null;

  /** @param {Means} means @param {Answer} answer */
  constructor(means, answer) {
    this.#means = means;
    this.#answer = answer;
    this.#dryRun = new DryRun((text, options) => means.rig().say(text, options));
    const names = () => ({ words: means.rig().words.keys(), labels: means.rig().labels.values() });
    this.#combobox = new Combobox(this.#field, names, () => this.#typed());
    this.#field.addEventListener('input', () => {
      this.#history.leave();
      this.#combobox.update();
      this.#typed();
    });
    this.#field.addEventListener('keydown', (event) => this.#key(event));
    this.#field.addEventListener('blur', () => this.#combobox.close());
    this.#field.addEventListener('scroll', () => answer.follow());
    byId('command-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  focus() {
    this.#field.focus();
    this.#field.select();
  }

  /** Puts a text there, with its preview. @param {string} text */
  put(text) {
    this.#field.value = text;
    this.#field.setSelectionRange(text.length, text.length);
    this.#combobox.close();
    this.#typed();
  }

  /** Shows what another text would do, as long as the returned function is not called. @param {string} text */
  lookAt(text) {
    this.#ask(text, 0);
    return () => this.renew();
  }

  /** Previews the text again: something that it depends on has changed. */
  renew() {
    if (this.isEmpty) this.leave();
    else this.#ask(this.#field.value, 0);
  }

  /** The rig has changed. */
  outdated() {
    if (!this.#field.value || !this.#answer.isAboutPreview) return;
    this.#renewal ??= setTimeout(() => {
      this.#renewal = null;
      if (this.#answer.isAboutPreview) this.renew();
    }, RENEW_MS);
  }

  /** Shows no preview any more. The text stays. */
  leave() {
    this.#dryRun.stop();
    this.#combobox.close();
    this.#means.preview.show(null);
    this.#answer.clear();
  }

  /** Whether no text stands there. */
  get isEmpty() {
    return this.#field.value.trim() === '';
  }

  #typed() {
    if (this.isEmpty) this.leave();
    else this.#ask(this.#field.value);
  }

  /** @param {string} text @param {number} [rest_ms] */
  #ask(text, rest_ms) {
    const { rig, selection, preview } = this.#means;
    if (rig().state !== 'live') {
      this.#dryRun.stop();
      preview.show(null);
      return this.#answer.locked(rig().state);
    }
    this.#dryRun.ask(text, selection(), (outcome) => {
      if ('said' in outcome) {
        preview.show(outcome.said.changes ?? null);
        this.#answer.would(outcome.said);
      } else {
        preview.show(null);
        this.#answer.refused(outcome.refusal, text);
      }
    }, rest_ms);
  }

  #key(/** @type {KeyboardEvent} */ event) {
    const { key, repeat } = event;
    // A key that is held down does a text once.
    if ((key === 'Enter' && repeat) || this.#combobox.key(event) || this.#browse(key)) event.preventDefault();
    else return;
    event.stopPropagation();
  }

  /** Handles the keys of the history. @param {string} key */
  #browse(key) {
    if (key !== 'ArrowUp' && key !== 'ArrowDown') return false;
    const line = key === 'ArrowUp' ? this.#history.older(this.#field.value) : this.#history.newer();
    if (line !== null) this.put(line);
    return true;
  }

  async #submit() {
    const text = this.#field.value;
    if (this.isEmpty || this.#do.disabled) return;
    this.#combobox.close();
    this.#dryRun.stop();
    this.#do.disabled = true;
    const isDone = await this.#means.say(text);
    this.#do.disabled = false;
    if (!isDone) return;
    this.#history.add(text.trim());
    if (this.#field.value === text) this.#field.value = '';
    else this.renew();
  }
}
