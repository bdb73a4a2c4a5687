// The line below the command line: how a text was understood, or what is wrong with it, below the place.
//
// While somebody types, most texts are unfinished. So a screen reader is told only what stays for a while.

import { toldAll } from './changelog.js';
import { byId, write } from './dom.js';
import { errorText, marked } from './place.js';

/** A sentence that stays this long is read out. */
const READ_OUT_MS = 1000;

/** @typedef {import('./ghostlight.js').Said} Said */

export class Answer {
  #line = byId('command-said', HTMLElement);
  #aloud = byId('command-aloud', HTMLElement);
  #marks = byId('command-marks', HTMLElement);
  #field = byId('command-text', HTMLInputElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Whether it tells what would be done, or why it would not. */
  isAboutPreview = false;

  /** @param {Said} said */
  would(said) {
    this.isAboutPreview = true;
    this.#tell('would', sentence(said));
  }

  /** @param {Said} said */
  did(said) {
    this.isAboutPreview = false;
    const isRepeat = said.changes === undefined;
    this.#tell('did', `${isRepeat ? 'Was done already' : 'Done'}: ${sentence(said)}`);
  }

  /** @param {import('./ghostlight.js').Refusal} refusal @param {string} text that was refused */
  refused(refusal, text) {
    this.isAboutPreview = true;
    this.#tell('refused', errorText(refusal));
    if (!refusal.place || text !== this.#field.value) return;
    const parts = marked(this.#field.value, refusal.place);
    const mark = document.createElement('mark');
    mark.textContent = parts.place;
    this.#marks.replaceChildren(parts.before, mark);
    this.#field.setAttribute('aria-invalid', 'true');
    this.follow();
    const { left } = mark.getBoundingClientRect();
    this.#line.style.setProperty('--place', `${left - this.#field.getBoundingClientRect().left}px`);
  }

  /** Nothing is done while the rig is not live. @param {string} state of the connection */
  locked(state) {
    this.isAboutPreview = true;
    this.#tell('refused', `Nothing is done while the rig is ${state}. The text stays here.`);
  }

  /** @param {string} text @param {'refused' | 'did'} [kind] */
  tell(text, kind = 'refused') {
    this.isAboutPreview = false;
    this.#tell(kind, text);
  }

  clear() {
    this.isAboutPreview = false;
    this.#tell('', '');
  }

  /** The field was scrolled: the marks stay below their place. */
  follow() {
    this.#marks.scrollLeft = this.#field.scrollLeft;
  }

  /** @param {'' | 'would' | 'did' | 'refused'} kind @param {string} text */
  #tell(kind, text) {
    clearTimeout(this.#timer);
    this.#marks.replaceChildren();
    this.#field.removeAttribute('aria-invalid');
    this.#line.style.removeProperty('--place');
    this.#line.dataset.kind = kind;
    write(this.#line, text);
    if (kind === 'did') write(this.#aloud, text);
    else this.#timer = setTimeout(() => write(this.#aloud, text), READ_OUT_MS);
  }
}

/** How a text was understood, what that changes, and what whoever wrote it should know. @param {Said} said */
export function sentence({ understood, changes, notes }) {
  return [understood, changes && summary(changes), ...notes].filter(Boolean).join(' · ');
}

/** @param {import('./ghostlight.js').Change} changes */
function summary(changes) {
  // What is not done yet has not moved.
  return toldAll(changes).map((text) => text.replace(/ moved$/, '')).join(', ') || 'nothing changes';
}
