// One dimmer between the hand and the rig: decides whose level its fader shows. Pure.
//
// An echo of the hand's own older level must not move a held fader, and changes by others must not be hidden. So a held
// fader shows the hand's level, with the others' level as a ghost mark. After the release it keeps the hand's level
// until the rig has answered the last move, however slow the network is: a fader that fell back meanwhile would be
// grabbed at a level that is about to pass. It shows the rig's level at once if somebody else moves the dimmer, and if
// the connection is lost (`drop`).

export class Hold {
  /** @type {'free' | 'held' | 'settling'} */
  #phase = 'free';
  /** @type {number | null} */
  #hand = null;
  /** @type {number | null} */
  #theirs = null;

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

  /** The hand releases the fader. */
  release() {
    this.#phase = 'settling';
  }

  /**
   * The rig's level changed, by this console's own move or by another console.
   * @param {number | null} level
   * @param {boolean} own
   */
  rigMoved(level, own) {
    this.#theirs = own ? null : level;
    if (!own && this.waiting) this.drop();
  }

  /**
   * Checks whether the rig has caught up; `pending` tells whether a move waits for its answer.
   * @param {boolean} pending
   * @param {number | null} rigLevel
   */
  settle(pending, rigLevel) {
    if (this.#phase === 'free' || pending) return;
    this.#theirs = rigLevel === this.#hand ? null : rigLevel;
    if (this.waiting) this.drop();
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

  /** Whether it is released and shows a level that the rig has not answered yet. */
  get waiting() {
    return this.#phase === 'settling';
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
