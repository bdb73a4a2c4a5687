// Who changed the level of the only selected dimmer, and when: asks the gateway, which keeps this for each item.

import { timeOfDay } from './dom.js';

/** Changes in quick succession cause one request. */
const DELAY_MS = 300;
/** A slower response is abandoned. */
const TIMEOUT_MS = 5000;

export class LastChange {
  #rigName;
  #nameOf;
  #show;
  #fetch;
  /** @type {number | null} */ #dimmer = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #isAsking = false;
  #isOutdated = false;

  /**
   * @param {string} rigName
   * @param {(client: string | undefined) => string} nameOf the name of a client, for people
   * @param {(text: string) => void} show shows the text; an empty text clears it
   * @param {(url: URL) => Promise<Response>} [ask]
   */
  constructor(rigName, nameOf, show, ask = (url) => fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })) {
    this.#rigName = rigName;
    this.#nameOf = nameOf;
    this.#show = show;
    this.#fetch = ask;
  }

  /** Sets the only selected dimmer; null if there is none, or more than one. @param {number | null} dimmer */
  select(dimmer) {
    if (dimmer === this.#dimmer) return;
    this.#dimmer = dimmer;
    this.#show('');
    this.#later();
  }

  /** Notes a change of a dimmer's level. @param {number} dimmer */
  changed(dimmer) {
    if (dimmer === this.#dimmer) this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    if (this.#dimmer !== null) this.#timer = setTimeout(() => void this.#ask(), DELAY_MS);
  }

  /** One request at a time: a change during a request causes another one afterwards. */
  async #ask() {
    const dimmer = this.#dimmer;
    if (dimmer === null) return;
    this.#isOutdated = this.#isAsking;
    if (this.#isAsking) return;
    this.#isAsking = true;
    let text = '';
    try {
      const url = new URL(`v1/rigs/${this.#rigName}/levels?detail=1&dimmer=${dimmer}`, new URL('.', location.href));
      const answer = await this.#fetch(url);
      const { client, time } = (answer.ok && (await answer.json())[dimmer]) || {};
      if (time) text = `${this.#nameOf(client)}, ${timeOfDay(Date.parse(time))}`;
    } catch {
      // Nothing is shown: the state of the connection is shown elsewhere.
    }
    this.#isAsking = false;
    if (dimmer === this.#dimmer) this.#show(text);
    if (this.#isOutdated || dimmer !== this.#dimmer) this.#later();
    this.#isOutdated = false;
  }
}
