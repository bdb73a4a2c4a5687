// Saying texts to the rig, each at most once, and the selection of the last one.
//
// Each text that is sent has a key. If no answer comes, nobody knows whether the text was done: when the same text is said
// again for the same selection, it has the same key, so that it is never done twice.

import { selectionText } from './language.js';

/** Whether nobody knows what became of a request: by the code of the network's failure, or of the server's. */
export const isUnknown = (/** @type {unknown} */ error) => (
  error instanceof Error && 'code' in error && ['unknown', 'unknown_outcome'].includes(`${error.code}`)
);

/**
 * @typedef {import('./ghostlight.js').Said} Said
 * @typedef {{ text: string, selection: string | undefined, key: string }} Request
 */

export class Saying {
  #rig;
  #selected;
  #newKey;
  /** @type {string | undefined} */
  #last;
  /** The text whose outcome is not known. @type {Request | null} */
  #unanswered = null;

  /**
   * @param {() => Pick<import('./grabs.js').Rig, 'say'>} rig
   * @param {Iterable<number> & { size: number }} selected the dimmers that are selected on the board
   * @param {() => string} [newKey]
   */
  constructor(rig, selected, newKey = randomKey) {
    this.#rig = rig;
    this.#selected = selected;
    this.#newKey = newKey;
  }

  /** The selection that a text without one means: that on the board, or else that of the last text. */
  get selection() {
    return this.#selected.size > 0 ? selectionText(this.#selected) : this.#last;
  }

  /** Says a text. Rejects as `say` of the rig does. @param {string} text @returns {Promise<Said>} */
  async say(text, selection = this.selection) {
    const before = this.#unanswered;
    const isAgain = before?.text === text && before.selection === selection;
    const request = isAgain ? before : { text, selection, key: this.#newKey() };
    try {
      const said = await this.#rig().say(text, { selection, key: request.key });
      this.#unanswered = null;
      this.#last = said.selection ?? this.#last;
      return said;
    } catch (error) {
      this.#unanswered = isUnknown(error) ? request : null;
      throw error;
    }
  }
}

/** `crypto.randomUUID` exists on secure pages only. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
