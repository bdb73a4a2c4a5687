// A copy of a rig's map that follows along: `services/rig/src/replica.rs`, for a browser. Pure: no DOM, no clock.
//
// Levels are whole hundredths of a percent, 0 to 10000, as in the rig, so that they compare and add up exactly; only
// the wire has decimals.

const SEEDS = [0, 0x9e3779b9];

/** A level as JSON has it, in hundredths; null (forgotten) stays null. */
export const hundredths = (level) => (level === null ? null : Math.round(level * 100));

/** A level in hundredths, as JSON has it. */
export const percent = (level) => (level === null ? null : level / 100);

/** Negative, zero or positive, as `a` stands before, at or after `b`: by epoch, then by revision. */
export const compare = (a, b) => a.epoch - b.epoch || a.revision - b.revision;

/** Reads a position as it is written, `epoch-revision`. */
export function parsePosition(text) {
  const [epoch, revision] = text.split('-').map(Number);
  return { epoch, revision };
}

/**
 * What a message did is told in one word:
 *   "applied"    the map moved on
 *   "had"        nothing new in it
 *   "gap"        something in between is missing: a snapshot is needed
 *   "new epoch"  a new order began: a snapshot is needed
 *   "diverged"   another map at the same position, which must never be: a snapshot is needed
 */
export class Replica {
  #epoch = 0;
  #revision = 0;
  #levels = new Map();
  #lanes = [0, 0];
  #diverged = false;

  /** Takes a delta. */
  delta({ epoch, prev, revision, levels }) {
    if (epoch > this.#epoch) return 'new epoch';
    if (compare({ epoch, revision }, this.position) <= 0) return 'had';
    if (prev > this.#revision) return 'gap';
    for (const [dimmer, level] of Object.entries(levels)) this.#put(Number(dimmer), hundredths(level));
    this.#revision = revision;
    return 'applied';
  }

  /** Compares itself with a beacon. */
  beacon({ epoch, revision, digest }) {
    if (epoch > this.#epoch) return 'new epoch';
    const order = compare({ epoch, revision }, this.position);
    if (order > 0) return 'gap';
    if (order < 0 || digest === this.digest) return 'had';
    this.#diverged = true;
    return 'diverged';
  }

  /** Takes a snapshot in place of its own map, unless its own is newer. It replaces, it never merges. */
  snapshot({ epoch, revision, levels }) {
    const order = compare({ epoch, revision }, this.position);
    if (order < 0 || (order === 0 && !this.#diverged)) return 'had';
    this.#epoch = epoch;
    this.#revision = revision;
    this.#diverged = false;
    this.#levels.clear();
    this.#lanes = [0, 0];
    for (const [dimmer, level] of Object.entries(levels)) this.#put(Number(dimmer), hundredths(level));
    return 'applied';
  }

  /** The dimmer's level in hundredths; null if it has none. */
  level(dimmer) {
    return this.#levels.get(dimmer) ?? null;
  }

  /** Where it stands. */
  get position() {
    return { epoch: this.#epoch, revision: this.#revision };
  }

  /** Where it stands, as it is written; null as long as it has seen nothing. */
  get resume() {
    return this.#epoch > 0 ? `${this.#epoch}-${this.#revision}` : null;
  }

  /** Sixteen hexadecimal digits that prove which map it holds (`services/rig/src/digest.rs`). */
  get digest() {
    return this.#lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #put(dimmer, level) {
    const old = this.level(dimmer);
    if (old !== null) this.#count(dimmer, old, -1);
    if (level === null) {
      this.#levels.delete(dimmer);
    } else {
      this.#levels.set(dimmer, level);
      this.#count(dimmer, level, 1);
    }
  }

  #count(dimmer, level, sign) {
    const word = (dimmer << 14) | level;
    this.#lanes = this.#lanes.map((lane, i) => (lane + sign * mix(word ^ SEEDS[i])) | 0);
  }
}

/** The finaliser of MurmurHash3 for 32 bits. */
function mix(word) {
  word ^= word >>> 16;
  word = Math.imul(word, 0x85ebca6b);
  word ^= word >>> 13;
  word = Math.imul(word, 0xc2b2ae35);
  return word ^ (word >>> 16);
}
