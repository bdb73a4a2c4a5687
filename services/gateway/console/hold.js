// One dimmer between the hand and the rig: whose level its fader shows. Pure: time comes in.
//
// An echo of one's own older level must not pull the fader out from under the hand, and what others do meanwhile must
// not be hidden. So while a fader is held it shows the hand's level, with the others' as a ghost mark; after release
// it keeps that level until the rig has answered the last move, or SETTLE_MS at most; then the rig's level counts.

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
   * The hand takes the fader, which shows `level`.
   * @param {number | null} level
   */
  grab(level) {
    this.#phase = 'held';
    this.#hand = level;
    this.#theirs = null;
  }

  /**
   * The hand moves it.
   * @param {number | null} level
   */
  move(level) {
    this.#hand = level;
  }

  /**
   * The hand lets go.
   * @param {number} now
   */
  release(now) {
    this.#phase = 'settling';
    this.#releasedAt = now;
  }

  /**
   * The rig's level changed: by our own move, or by somebody else's.
   * @param {number | null} level
   * @param {boolean} own
   */
  rigMoved(level, own) {
    this.#theirs = own ? null : level;
  }

  /**
   * Looks whether the rig has caught up; `pending` tells whether a move waits for its answer. Returns the number of
   * milliseconds after which to look again, or null if there is nothing to wait for.
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

  /** The rig's level counts from now on. */
  drop() {
    this.#phase = 'free';
    this.#hand = null;
    this.#theirs = null;
  }

  /** Whether the rig's level counts. */
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

  /** Where somebody else has put the dimmer that is in the hand; null if nowhere else. */
  get ghost() {
    return this.held && this.#theirs !== this.#hand ? this.#theirs : null;
  }
}
