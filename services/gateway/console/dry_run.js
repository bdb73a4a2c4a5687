// What a text would do: asks the server once the hand rests. Of several texts the last one counts.

/** The pause after which a text is asked about: shorter than a person notices, longer than between two keys. */
const REST_MS = 120;

/**
 * @typedef {import('./ghostlight.js').Said} Said
 * @typedef {import('./ghostlight.js').Refusal} Refusal
 * @typedef {(text: string, options: { dryRun: true, selection?: string, signal: AbortSignal }) => Promise<Said>} Say
 */

export class DryRun {
  #say;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} */
  #asked = null;

  /** @param {Say} say */
  constructor(say) {
    this.#say = say;
  }

  /**
   * Asks, unless another text follows at once.
   * @param {string} text
   * @param {string | undefined} selection
   * @param {(outcome: { said: Said } | { refusal: Refusal }) => void} show called with the outcome, unless it is outdated
   */
  ask(text, selection, show, rest_ms = REST_MS) {
    this.stop();
    const asked = new AbortController();
    this.#asked = asked;
    this.#timer = setTimeout(async () => {
      const { signal } = asked;
      /** @type {Parameters<typeof show>[0]} */
      let outcome;
      try {
        outcome = { said: await this.#say(text, { dryRun: true, selection, signal }) };
      } catch (refusal) {
        outcome = { refusal: /** @type {Refusal} */ (refusal) };
      }
      if (!signal.aborted) show(outcome);
    }, rest_ms);
  }

  /** Whatever was asked is not wanted any more. */
  stop() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#asked = null;
  }
}
