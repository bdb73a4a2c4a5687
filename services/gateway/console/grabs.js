// The grabs of the faders: one hold for each dimmer that is touched, alone or with its selection.
//
//   input -> grabs -> rig -> grabs -> board
//
// Dimmer 0 is the grand master, which is a fader like the others. Levels are hundredths of a percent: whole numbers
// that compare and add up exactly; null is a dimmer without a level.

import { Hold } from './hold.js';
import { FULL, together, within } from './selection.js';

/** The grand master's number among the dimmers. */
export const MASTER = 0;
/** Shorter than the time in which a person sees a change and presses. */
const REACTION_MS = 300;
/** Moves end at whole percents. */
const STEP = 100;

/** @typedef {ReturnType<typeof import('./ghostlight.js').connect>} Rig */
/** @typedef {number | string} Key identifies a grab: the dimmer that leads it, or a name */

/** @param {number | null | undefined} level percent */
export const hundredths = (level) => (level == null ? null : Math.round(level * 100));

export class Grabs {
  #rig;
  #touched;
  /** @type {Map<number, Hold>} */
  #holds = new Map();
  /** @type {Map<number, string>} who moved the dimmer to its ghost mark */
  #ghosts = new Map();
  /** @type {Map<Key, {starts: Map<number, number | null>, flash: boolean}>} */
  #grabs = new Map();
  #turnedAt = -Infinity;

  /**
   * @param {() => Rig} rig
   * @param {(dimmer: number) => void} touched called with a dimmer that has to be redrawn
   */
  constructor(rig, touched) {
    this.#rig = rig;
    this.#touched = touched;
  }

  /** Whether moves are refused, because the rig is not live. */
  get locked() {
    return this.#rig().state !== 'live';
  }

  /** Whether any fader is grabbed. */
  get busy() {
    return this.#grabs.size > 0;
  }

  /**
   * Grabs these faders. A fader that is in another grab moves to this one.
   * @param {Key} key
   * @param {Iterable<number>} dimmers
   */
  grab(key, dimmers, flash = false) {
    if (this.locked) return;
    this.release(key);
    /** @type {Map<number, number | null>} */
    const starts = new Map();
    for (const dimmer of dimmers) {
      const flashed = flash ? [...this.#grabs.values()].find((grab) => grab.flash && grab.starts.has(dimmer)) : null;
      const level = this.shown(dimmer);
      // A second flash of a dimmer restores the level from before the first one.
      const start = flashed?.starts.get(dimmer) ?? (flashed ? null : level);
      for (const grab of this.#grabs.values()) grab.starts.delete(dimmer);
      const hold = this.#holds.get(dimmer) ?? new Hold();
      this.#holds.set(dimmer, hold);
      hold.grab(level);
      starts.set(dimmer, start);
      this.#touched(dimmer);
    }
    this.#grabs.set(key, { starts, flash });
  }

  /**
   * Moves a grab by this distance from where it began. The leading fader moves to a whole percent, and the others keep
   * their distance. Returns how far it could move.
   * @param {number} lead
   * @param {number} by
   */
  move(lead, by) {
    const grab = this.#grabs.get(lead);
    if (!grab?.starts.has(lead)) return 0;
    const starts = new Map([...grab.starts].map(([dimmer, level]) => [dimmer, level ?? 0]));
    const reach = within(starts, by);
    const start = starts.get(lead) ?? 0;
    const whole = reach === 0 ? 0 : Math.round((start + reach) / STEP) * STEP - start;
    this.#put(whole === 0 ? grab.starts : together(starts, whole));
    return reach;
  }

  /**
   * Moves all faders of a grab to one level.
   * @param {Key} key
   * @param {number | null} level
   */
  put(key, level) {
    const grab = this.#grabs.get(key);
    if (grab) this.#put(new Map([...grab.starts.keys()].map((dimmer) => [dimmer, level])));
  }

  /**
   * Releases a grab.
   * @param {Key} key
   */
  release(key) {
    const grab = this.#grabs.get(key);
    if (!grab) return;
    this.#grabs.delete(key);
    if (grab.flash) {
      // A dimmer that somebody else moved meanwhile keeps the new level: they meant it for after the flash.
      this.#put(new Map([...grab.starts].filter(([dimmer]) => this.#holds.get(dimmer)?.ghost == null)));
    }
    for (const dimmer of grab.starts.keys()) this.#holds.get(dimmer)?.release();
    this.settle();
  }

  /**
   * Holds these dimmers at full until the grab is released, then restores their levels.
   * @param {Key} key
   * @param {Iterable<number>} dimmers
   */
  flash(key, dimmers) {
    this.grab(key, dimmers, true);
    this.put(key, FULL);
  }

  /**
   * Sets these dimmers to a level in one grab.
   * @param {Iterable<number>} dimmers
   * @param {number | null} level
   */
  set(dimmers, level) {
    this.grab('set', dimmers);
    this.put('set', level);
    this.release('set');
  }

  /**
   * Takes in a change of a dimmer by the rig.
   * @param {number} dimmer
   * @param {boolean} own whether this console made the change
   * @param {string} by who made it
   */
  rigMoved(dimmer, own, by) {
    const hold = this.#holds.get(dimmer);
    if (hold) {
      hold.rigMoved(this.#rigLevel(dimmer), own);
      this.#ghosts.set(dimmer, by);
    }
    this.#touched(dimmer);
  }

  /** Toggles the blackout. If two people press at almost the same time, both mean the same: the second press must not
   * undo the first. */
  turnBlackout() {
    if (this.locked) return;
    const { blackout } = this.#rig();
    const isLate = performance.now() - this.#turnedAt < REACTION_MS;
    this.#rig().change({ blackout: isLate ? blackout : !blackout });
  }

  /** Notes that another console has toggled the blackout. */
  blackoutTurned() {
    this.#turnedAt = performance.now();
  }

  /** Gives every released fader back to the rig once the rig has answered its moves. */
  settle() {
    for (const [dimmer, hold] of this.#holds) {
      hold.settle(this.#pending(dimmer), this.#rigLevel(dimmer));
      if (hold.free) this.#forget(dimmer);
      this.#touched(dimmer);
    }
  }

  /**
   * Drops all grabs: every fader shows the rig's last level, and nothing waits for an answer. Returns the flashed
   * dimmers, because their flash cannot be undone.
   */
  drop() {
    const flashed = [...this.#grabs.values()].flatMap(({ starts, flash }) => (flash ? [...starts.keys()] : []));
    this.#grabs.clear();
    for (const dimmer of this.#holds.keys()) {
      this.#forget(dimmer);
      this.#touched(dimmer);
    }
    return flashed;
  }

  /**
   * The level to show.
   * @param {number} dimmer
   * @returns {number | null}
   */
  shown(dimmer) {
    const level = this.#rigLevel(dimmer);
    const hold = this.#holds.get(dimmer);
    return hold ? hold.shown(level) : level;
  }

  /** @param {number} dimmer */
  held(dimmer) {
    return this.#holds.get(dimmer)?.held ?? false;
  }

  /** Whether the dimmer's level is not answered yet. @param {number} dimmer */
  waiting(dimmer) {
    return this.#holds.get(dimmer)?.waiting ?? false;
  }

  /**
   * Where somebody else has put a held dimmer, and who; null if nobody did.
   * @param {number} dimmer
   */
  ghost(dimmer) {
    const level = this.#holds.get(dimmer)?.ghost ?? null;
    return level === null ? null : { level, by: this.#ghosts.get(dimmer) ?? '' };
  }

  /** @param {number} dimmer */
  #forget(dimmer) {
    this.#holds.delete(dimmer);
    this.#ghosts.delete(dimmer);
  }

  /** @param {Map<number, number | null>} levels */
  #put(levels) {
    /** @type {Record<number, number | null>} */
    const asked = {};
    for (const [dimmer, level] of levels) {
      const hold = this.#holds.get(dimmer);
      if (!hold || hold.shown(null) === level) continue;
      hold.move(level);
      this.#touched(dimmer);
      if (dimmer === MASTER) this.#rig().change({ master: (level ?? 0) / 100 });
      else asked[dimmer] = level === null ? null : level / 100;
    }
    if (Object.keys(asked).length > 0) this.#rig().set(asked);
  }

  /** @param {number} dimmer */
  #pending(dimmer) {
    return dimmer === MASTER ? this.#rig().pending('master') : this.#rig().pending('levels', dimmer);
  }

  /** @param {number} dimmer */
  #rigLevel(dimmer) {
    const { position, master, levels } = this.#rig();
    if (position === null) return null; // before the first snapshot the master is unknown
    return hundredths(dimmer === MASTER ? master : levels.get(dimmer));
  }
}
