// One dimmer between the hand and the rig: decides whose level its fader shows. Pure: the time is passed in.
//
// An echo of the hand's own older level must not move a held fader, and changes by others must not be hidden. So a held
// fader shows the hand's level, with the others' level as a ghost mark. After the release it keeps the hand's level
// until the rig has answered the last move, or SETTLE_MS at most; then it shows the rig's level.

/** How long a released fader waits for the rig's answer. */
export const SETTLE_MS = 1000;

export class Hold {
  /** @type {'free' | 'held' | 'settling'} */
  #phase = 'free';
  /** @type {number | null} */
  #hand = null;
  /** @type {number | null} */
  #theirs = null;
  #releasedAt = 0;

  /**
   * The hand grabs the fader, which shows `level`.
   * @param {number | null} level
   */
  grab(level) {
    this.#phase = 'held';
    this.#hand = level;
    this.#theirs = null;
  }

  /**
   * The hand moves the fader.
   * @param {number | null} level
   */
  move(level) {
    this.#hand = level;
  }

  /**
   * The hand releases the fader.
   * @param {number} now
   */
  release(now) {
    this.#phase = 'settling';
    this.#releasedAt = now;
  }

  /**
   * The rig's level changed, by this console's own move or by another console.
   * @param {number | null} level
   * @param {boolean} own
   */
  rigMoved(level, own) {
    this.#theirs = own ? null : level;
  }

  /**
   * Checks whether the rig has caught up; `pending` tells whether a move waits for its answer. Returns the number of
   * milliseconds after which to check again, or null if there is nothing to wait for.
   * @param {boolean} pending
   * @param {number | null} rigLevel
   * @param {number} now
   * @returns {number | null}
   */
  settle(pending, rigLevel, now) {
    if (this.#phase === 'free') return null;
    if (!pending) this.#theirs = rigLevel === this.#hand ? null : rigLevel;
    if (this.#phase === 'held') return null;
    const left = this.#releasedAt + SETTLE_MS - now;
    if (pending && left > 0) return left;
    this.drop();
    return null;
  }

  /** Shows the rig's level from now on. */
  drop() {
    this.#phase = 'free';
    this.#hand = null;
    this.#theirs = null;
  }

  /** Whether the fader shows the rig's level. */
  get free() {
    return this.#phase === 'free';
  }

  /** Whether a hand is on it. */
  get held() {
    return this.#phase === 'held';
  }

  /**
   * The level to show, given the rig's.
   * @param {number | null} rigLevel
   */
  shown(rigLevel) {
    return this.#phase === 'free' ? rigLevel : this.#hand;
  }

  /** Where another console has put the held dimmer; null if it is at the hand's level. */
  get ghost() {
    return this.held && this.#theirs !== this.#hand ? this.#theirs : null;
  }
}
