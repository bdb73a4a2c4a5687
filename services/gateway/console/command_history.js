// The commands of before, for the Up and Down keys. Pure but for the store, which may be broken or switched off.

/** The most commands that are kept. */
const KEPT = 50;

/** @typedef {{ load: () => string | null, save: (text: string) => void }} Store */

export class CommandHistory {
  #store;
  /** The oldest first. @type {string[]} */
  #lines;
  #at;
  /** What was typed before the first Up. */
  #draft = '';

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.#lines = linesOf(store.load());
    this.#at = this.#lines.length;
  }

  /** Adds a command. One that is there already becomes the newest. @param {string} line */
  add(line) {
    this.#lines = [...this.#lines.filter((other) => other !== line), line].slice(-KEPT);
    this.#at = this.#lines.length;
    this.#store.save(JSON.stringify(this.#lines));
  }

  /** The command before; null if there is none. @param {string} typed what stands in the command line now */
  older(typed) {
    if (this.#at === 0) return null;
    if (this.#at === this.#lines.length) this.#draft = typed;
    this.#at -= 1;
    return this.#lines[this.#at] ?? null;
  }

  /** The command after, at last what was typed; null if there is none. */
  newer() {
    if (this.#at === this.#lines.length) return null;
    this.#at += 1;
    return this.#lines[this.#at] ?? this.#draft;
  }

  /** Whatever is typed from now on is not a command of before. */
  leave() {
    this.#at = this.#lines.length;
  }
}

/** @param {string | null} text @returns {string[]} */
function linesOf(text) {
  try {
    const lines = JSON.parse(text ?? '[]');
    if (!Array.isArray(lines)) return [];
    return lines.filter((line) => typeof line === 'string' && line !== '').slice(-KEPT);
  } catch {
    return []; // somebody else has written there
  }
}
