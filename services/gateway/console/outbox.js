// What this console asks for: gathers the moves, paces them, and knows its own echo again. Pure: time comes in.

import { compare, hundredths } from './replica.js';

/** No console sends more: a DMX line (ANSI E1.11) carries about 44 full frames a second. */
export const SETS_PER_SECOND = 44;

/** With this many unanswered the rig or the network is behind, and the newest levels can wait for it. */
const MOST_UNDER_WAY = 24;

/**
 * Moves wait here until the next `set` may go; a newer move of a dimmer takes the place of an older one, and the last
 * one always goes. A `set` is under way until it is acknowledged and the replica has reached it, or it was refused.
 */
export class Outbox {
  #moved = new Map();
  #underWay = new Map();
  #seq = 0;
  #nextAt = 0;

  /** A dimmer was moved to a level. */
  put(dimmer, level) {
    this.#moved.set(dimmer, level);
  }

  /** How many milliseconds until something may go; null if there is nothing to send, or answers must come first. */
  wait(now) {
    if (this.#moved.size === 0 || this.#underWay.size >= MOST_UNDER_WAY) return null;
    return Math.max(0, this.#nextAt - now);
  }

  /** Everything moved since the last time: `{seq, levels}`, with the levels in a map. */
  take(now) {
    const taken = { seq: ++this.#seq, levels: this.#moved };
    this.#underWay.set(taken.seq, { levels: taken.levels, position: null });
    this.#moved = new Map();
    this.#nextAt = now + 1000 / SETS_PER_SECOND;
    return taken;
  }

  /** The `set` was acknowledged: it stands at `position`. */
  acknowledged(seq, position) {
    const set = this.#underWay.get(seq);
    if (set) set.position = position;
  }

  /** The `set` was refused. */
  refused(seq) {
    this.#underWay.delete(seq);
  }

  /** The replica has come to `position`: what was acknowledged up to there is no longer under way. */
  reached(position) {
    for (const [seq, set] of this.#underWay) {
      if (set.position && compare(set.position, position) <= 0) this.#underWay.delete(seq);
    }
  }

  /** Whether a move of this dimmer waits or is under way. */
  pending(dimmer) {
    return this.#moved.has(dimmer) || [...this.#underWay.values()].some(({ levels }) => levels.has(dimmer));
  }

  /**
   * Whether the dimmer's level in the delta is what this console asked for. A delta that a gateway made to catch us
   * up names no origins; then the level has to tell.
   */
  ownEcho({ levels, origins }, dimmer, client) {
    const level = hundredths(levels[dimmer]);
    const mine = (origins ?? []).filter((origin) => origin.client === client).map((origin) => origin.seq);
    const named = (origins ?? []).length > 0;
    const sets = [...this.#underWay].filter(([seq]) => !named || mine.includes(seq));
    return sets.some(([, set]) => set.levels.get(dimmer) === level);
  }

  /** The connection is gone: nothing is kept for later, the rig alone says what happened. */
  clear() {
    this.#moved.clear();
    this.#underWay.clear();
  }
}
