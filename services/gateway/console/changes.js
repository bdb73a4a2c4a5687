// The list of the last changes in the panel, with who made them and when; the newest also below the header.

import { ChangeLog, told } from './changelog.js';
import { byId, make, timeOfDay } from './dom.js';

/** The interval of updates: a drag would otherwise rewrite the list each frame, which nobody can read. */
const DRAW_EVERY_MS = 250;

export class Changes {
  #log = new ChangeLog();
  #list = byId('changes', HTMLElement);
  #status;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;

  /** @param {import('./status.js').Status} status */
  constructor(status) {
    this.#status = status;
  }

  /**
   * @param {string} by
   * @param {import('./changelog.js').Kind} kind
   * @param {number | string} dimmer or word
   * @param {unknown} value
   */
  add(by, kind, dimmer, value) {
    this.#log.add(by, kind, dimmer, value, Date.now());
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_EVERY_MS);
  }

  #draw() {
    this.#timer = null;
    const { lines } = this.#log;
    this.#list.replaceChildren(...lines.map((line) => {
      const item = make('li', '');
      item.append(make('time', 'quiet', timeOfDay(line.at)), make('b', '', line.by), make('span', '', told(line)));
      return item;
    }));
    if (!lines[0]) return;
    // A right-to-left name or label must not reverse the text beside it.
    const [who, what] = [lines[0].by, told(lines[0])].map((text) => make('bdi', '', text));
    this.#status.last = [who, ': ', what, `, ${timeOfDay(lines[0].at)}`];
  }
}
