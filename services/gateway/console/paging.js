// Navigation: banks, a dimmer by its number, all dimmers or the used ones.

import { byId } from './dom.js';
import { LAST_DIMMER } from './view.js';

export class Paging {
  #board;
  #view;
  #goto = byId('goto', HTMLInputElement);
  #empty = byId('empty', HTMLElement);

  /**
   * @param {import('./board.js').Board} board
   * @param {import('./view.js').View} view
   * @param {(told: string) => void} refuse
   */
  constructor(board, view, refuse) {
    this.#board = board;
    this.#view = view;
    for (const [id, rows] of /** @type {const} */ ([['bank-prev', -1], ['bank-next', 1]])) {
      const turn = (/** @type {MouseEvent} */ { shiftKey }) => board.turn(rows * (shiftKey ? board.shown : 1));
      byId(id, HTMLElement).addEventListener('click', turn);
    }
    for (const kind of /** @type {const} */ (['all', 'used'])) {
      byId(`view-${kind}`, HTMLElement).addEventListener('click', () => this.choose(kind));
    }
    byId('goto-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const dimmer = Number(this.#goto.value);
      if (!Number.isInteger(dimmer) || dimmer < 1 || dimmer > LAST_DIMMER) {
        return refuse(`Dimmers are numbered 1 to ${LAST_DIMMER}.`);
      }
      if (view.kind === 'used' && view.dimmer(view.place(dimmer)) !== dimmer) this.choose('all');
      this.#goto.value = '';
      board.show(dimmer);
      board.focus(dimmer);
    });
  }

  /** @param {'all' | 'used'} kind */
  choose(kind) {
    if (kind === this.#view.kind) return;
    this.#board.change(() => (this.#view.kind = kind));
    byId('view-all', HTMLElement).setAttribute('aria-pressed', `${kind === 'all'}`);
    byId('view-used', HTMLElement).setAttribute('aria-pressed', `${kind === 'used'}`);
  }

  /** Shows which dimmers are in sight; null if there are none. @param {number | null} first
   * @param {number | null} last */
  show(first, last) {
    this.#goto.placeholder = first === null ? 'Go to' : `${first}–${last}`;
    this.#empty.hidden = first !== null;
  }

  focus() {
    this.#goto.focus();
  }
}
