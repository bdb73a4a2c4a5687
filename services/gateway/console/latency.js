// How long one's own changes took to come back from the rig. Pure: times come in.

/** Enough for a p99 that rests on five echoes. */
const KEPT = 512;

/** @typedef {{at: number, ms: number}} Echo */

export class Latency {
  /** @type {Echo[]} */
  #ring = [];
  #next = 0;
  /** @type {number[] | null} */
  #sorted = null;

  /**
   * @param {number} ms how long it took
   * @param {number} at when it came, in milliseconds
   */
  add(ms, at) {
    this.#ring[this.#next] = { at, ms };
    this.#next = (this.#next + 1) % KEPT;
    this.#sorted = null;
  }

  get count() {
    return this.#ring.length;
  }

  /**
   * The time within which this share of the last echoes came: the nearest rank, so always one that was measured.
   * Null if there was none.
   * @param {number} share 0.5, 0.99
   */
  percentile(share) {
    this.#sorted ??= this.#ring.map(({ ms }) => ms).sort((a, b) => a - b);
    return this.#sorted[Math.max(0, Math.ceil(share * this.#sorted.length) - 1)] ?? null;
  }

  /**
   * Those since a time, the oldest first.
   * @param {number} time
   */
  since(time) {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].filter(({ at }) => at >= time);
  }

  /** What was measured on a connection that is gone says nothing about the next one. */
  clear() {
    this.#ring = [];
    this.#next = 0;
    this.#sorted = null;
  }
}
