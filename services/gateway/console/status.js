// The state of the connection in plain words, and the line below the header.

import { byId, write } from './dom.js';

/** @typedef {'offline' | 'resuming' | 'live' | 'stale'} State */

/** @type {Record<State, {word: string, notice: string}>} */
const STATES = {
  live: { word: 'Live', notice: '' },
  resuming: { word: 'Resuming', notice: 'Locked until the rig has sent its levels.' },
  stale: { word: 'Stale', notice: 'Locked: the rig has not been heard for seconds.' },
  offline: { word: 'Offline', notice: 'Locked: last known levels. Reconnecting.' },
};
const NEVER_HEARD = 'Locked: the rig cannot be reached. Trying again.';
const BLACKOUT = 'Blackout: every output is at 0 %.';
/** How long a refusal stays on screen. */
const TELL_MS = 6000;

export class Status {
  #state = byId('state', HTMLElement);
  #notice = byId('notice', HTMLElement);
  #last = byId('last', HTMLElement);
  /** @type {State} */
  #is = 'offline';
  #heard = false;
  #blackout = false;
  #told = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {State} state @param {boolean} heard whether there are levels to show */
  enter(state, heard) {
    this.#is = state;
    this.#heard = heard;
    document.body.dataset.state = state;
    write(this.#state, STATES[state].word);
    this.#draw();
  }

  /** @param {boolean} on */
  set blackout(on) {
    this.#blackout = on;
    document.body.toggleAttribute('data-blackout', on);
    this.#draw();
  }

  /** Shows a message for a while, or until the next one. @param {string} text */
  tell(text, tell_ms = TELL_MS) {
    clearTimeout(this.#timer);
    this.#told = text;
    if (text && tell_ms < Infinity) this.#timer = setTimeout(() => this.tell(''), tell_ms);
    this.#draw();
  }

  /** Shows the last change and who made it. */
  set last(/** @type {(string | Node)[]} */ parts) {
    this.#last.replaceChildren(...parts);
  }

  /** Shows one notice. A message comes first, then the lock (which the state also shows), then the blackout. */
  #draw() {
    const notice = this.#is === 'offline' && !this.#heard ? NEVER_HEARD : STATES[this.#is].notice;
    const text = this.#told || notice || (this.#blackout ? BLACKOUT : '');
    document.body.dataset.notice = this.#told ? 'told' : notice ? 'locked' : text ? 'blackout' : '';
    write(this.#notice, text);
  }
}
