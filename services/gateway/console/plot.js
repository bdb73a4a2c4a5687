// The plot of the last minute's round trips, a point each, in the panel: drawn only while it is visible, at most once a
// frame.

import { byId } from './dom.js';
import { draw } from './frame.js';
import { above } from './latency.js';

export const SHOWN_MS = 60000;
/** The plot also moves with time: less than two points a step on a phone. */
const DRAW_EVERY_MS = 250;
/** Space for the figures above and below, in CSS pixels. */
const MARGIN = 15;

/** The points, and the lines for p50 and p99, in milliseconds.
 * @typedef {{ samples: import('./latency.js').Sample[], lines: (number | null)[] }} Plotted */

export class Plot {
  #canvas = byId('plot', HTMLCanvasElement);
  #box = { width: 0, height: 0 };
  #plotted;
  #drawn = () => this.#draw();

  /** @param {() => Plotted} plotted returns what to draw now */
  constructor(plotted) {
    this.#plotted = plotted;
    new ResizeObserver(([entry]) => {
      this.#box = entry?.contentRect ?? this.#box;
      this.touch();
    }).observe(this.#canvas);
    setInterval(() => this.touch(), DRAW_EVERY_MS);
  }

  /** Draws again, because the samples have changed. */
  touch() {
    if (this.#box.width > 0 && !document.hidden) draw(this.#drawn);
  }

  #draw() {
    const { samples, lines } = this.#plotted();
    const pen = this.#canvas.getContext('2d');
    if (!pen) return;
    const { width, height } = this.#box;
    const style = getComputedStyle(this.#canvas);
    const ink = (/** @type {string} */ name) => (pen.fillStyle = style.getPropertyValue(name));
    this.#clear(pen);
    if (samples.length === 0) return;
    const top = above(Math.max(2, ...samples.map(({ trip }) => trip)));
    const y = (/** @type {number} */ ms) => height - MARGIN - (ms / top) * (height - 2 * MARGIN);
    const line = (/** @type {number} */ ms) => pen.fillRect(0, Math.round(y(ms)), width, 1);
    ink('--edge');
    line(top);
    line(0);
    lines.forEach((ms, i) => {
      ink(i === 0 ? '--good' : '--waiting');
      if (ms !== null && ms <= top) line(ms);
    });
    ink('--quiet');
    pen.font = `11px ${style.fontFamily}`;
    pen.fillText(`${top} ms`, 0, MARGIN - 4);
    pen.fillText(`${SHOWN_MS / 1000} s ago`, 0, height - 2);
    pen.textAlign = 'end';
    pen.fillText('now', width, height - 2);
    pen.textAlign = 'start';
    ink('--light');
    const now = performance.now();
    for (const { at, trip } of samples) {
      pen.fillRect((width - 2.5) * (1 - (now - at) / SHOWN_MS), y(trip) - 1.25, 2.5, 2.5);
    }
  }

  /** Clears the canvas without replacing it, because that costs more. @param {CanvasRenderingContext2D} pen */
  #clear(pen) {
    const { width, height } = this.#box;
    const [wide, high] = [width, height].map((size) => Math.round(size * devicePixelRatio));
    if (wide !== this.#canvas.width) this.#canvas.width = wide ?? 0;
    if (high !== this.#canvas.height) this.#canvas.height = high ?? 0;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width, height);
  }
}
