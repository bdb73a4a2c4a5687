// How long this console's changes took, stage by stage. Pure: times are passed in.

/** The most samples: enough for a p99 that rests on five changes. */
const KEPT = 512;

/** The stages of a change, in the order of the table. */
export const STAGES = /** @type {const} */ (['trip', 'network', 'echo', 'log', 'fold']);
/** The percentiles that are shown. */
export const SHARES = /** @type {const} */ ([0.5, 0.95, 0.99]);

/**
 * How long a change took, in milliseconds. `trip`: from sending it until its echo came, or its answer if there was no
 * echo. If the servers report timings, also `log`, `echo` and `fold` (see ghostlight.js), and `network`: the part of
 * the trip outside of them.
 * @typedef {(typeof STAGES)[number]} Stage
 * @typedef {Partial<Record<Stage, number>> & { trip: number }} Taken
 * @typedef {Taken & { at: number }} Sample
 */

/** How long an acknowledged change took. @param {import('./ghostlight.js').Events['ack']} ack @returns {Taken} */
export function taken({ ms, echoMs, timing }) {
  const trip = echoMs ?? ms;
  if (!timing) return { trip };
  // Without an echo the trip ends with the answer, which also waits for the log.
  const served = echoMs === undefined ? Math.max(timing.log, timing.echo) : timing.echo;
  return { trip, network: Math.max(0, trip - served), ...timing };
}

export class Latency {
  /** @type {Sample[]} */
  #ring = [];
  #next = 0;
  /** @type {Map<Stage, number[]>} */
  #sorted = new Map();

  /**
   * @param {Taken} taken
   * @param {number} at when it was acknowledged, in milliseconds
   */
  add(taken, at) {
    this.#ring[this.#next] = { ...taken, at };
    this.#next = (this.#next + 1) % KEPT;
    this.#sorted.clear();
  }

  get count() {
    return this.#ring.length;
  }

  /**
   * The time within which this share of the last changes passed a stage. It uses the nearest rank, so it is always a
   * measured value; null if there is none.
   * @param {number} share 0.5, 0.99
   * @param {Stage} stage
   */
  percentile(share, stage) {
    let sorted = this.#sorted.get(stage);
    if (!sorted) {
      sorted = this.#ring.flatMap((sample) => sample[stage] ?? []).sort((a, b) => a - b);
      this.#sorted.set(stage, sorted);
    }
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  }

  /**
   * The samples since a time, the oldest first.
   * @param {number} time
   */
  since(time) {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].filter(({ at }) => at >= time);
  }

  /** Discards the samples: those of a lost connection say nothing about the next one. */
  clear() {
    this.#ring = [];
    this.#next = 0;
    this.#sorted.clear();
  }
}

/** Milliseconds as text, with the digits that a person reads. @param {number | null} ms */
export function written(ms) {
  return ms === null ? '–' : ms.toFixed(ms < 0.995 ? 2 : ms < 9.95 ? 1 : 0);
}

/** A round number at or above it, for the top of a plot. @param {number} ms */
export function above(ms) {
  const digit = 10 ** Math.floor(Math.log10(ms));
  return Number((Math.ceil(ms / digit) * digit).toPrecision(1));
}
