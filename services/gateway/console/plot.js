// How long one's own changes take to come back: p50 and p99 in the header, and each echo of the last minute in a plot.

import { byId, write } from './dom.js';
import { Latency } from './latency.js';

const SHOWN_MS = 60000;
/** The plot moves with time, not with each echo. */
const DRAW_EVERY_MS = 500;

export class Plot {
  #latency = new Latency();
  #canvas = byId('plot', HTMLCanvasElement);
  #readout = byId('latency', HTMLElement);
  #live = false;
  #box = { width: 0, height: 0 };

  constructor() {
    new ResizeObserver(([entry]) => {
      this.#box = entry?.contentRect ?? this.#box;
      this.#draw();
    }).observe(this.#canvas);
    setInterval(() => this.#live && !document.hidden && this.#draw(), DRAW_EVERY_MS);
  }

  add(/** @type {number} */ ms) {
    this.#latency.add(ms, performance.now());
  }

  /** What was measured before says nothing about a connection that is gone. */
  set live(/** @type {boolean} */ live) {
    this.#live = live;
    if (!live) this.#latency.clear();
    this.#draw();
  }

  #draw() {
    const told = [0.5, 0.99].map((share) => {
      const name = `p${share * 100}`;
      const ms = this.#latency.percentile(share);
      if (ms === null) delete this.#readout.dataset[name];
      else this.#readout.dataset[name] = ms.toFixed(2);
      const text = ms === null ? '–' : ms.toFixed(ms < 10 ? 1 : 0);
      write(byId(name, HTMLElement), text);
      return { ms, text };
    });
    write(this.#readout, told[0]?.ms == null ? 'Echo –' : `Echo ${told.map(({ text }) => text).join(' · ')} ms`);
    const echoes = this.#latency.since(performance.now() - SHOWN_MS);
    write(byId('plot-said', HTMLElement), !this.#live ? 'Nothing is measured without a connection.'
      : echoes.length === 0 ? 'No echo within the last minute: move a fader.' : '');
    if (this.#box.width > 0) this.#chart(echoes, told.map(({ ms }) => ms));
  }

  /** @param {import('./latency.js').Echo[]} echoes @param {(number | null)[]} lines */
  #chart(echoes, lines) {
    const { width, height } = this.#box;
    const canvas = this.#canvas;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    const pen = canvas.getContext('2d');
    if (!pen || echoes.length === 0) return;
    const { fontFamily } = getComputedStyle(canvas);
    const colour = (/** @type {string} */ name) => getComputedStyle(canvas).getPropertyValue(name);
    pen.scale(devicePixelRatio, devicePixelRatio);
    const highest = Math.max(2, ...echoes.map(({ ms }) => ms));
    const digit = 10 ** Math.floor(Math.log10(highest));
    const top = Math.ceil(highest / digit) * digit;
    const y = (/** @type {number} */ ms) => height - 1 - (ms / top) * (height - 16);
    const line = (/** @type {number} */ ms, /** @type {string} */ name) => {
      pen.fillStyle = colour(name);
      pen.fillRect(0, y(ms), width, 1);
    };
    line(top, '--edge');
    line(0, '--edge');
    lines.forEach((ms, i) => ms !== null && ms <= top && line(ms, i === 0 ? '--good' : '--waiting'));
    pen.fillStyle = colour('--quiet');
    pen.font = `11px ${fontFamily}`;
    pen.fillText(`${top} ms`, 0, y(top) - 4);
    pen.fillStyle = colour('--light');
    const now = performance.now();
    for (const { at, ms } of echoes) pen.fillRect(width * (1 - (now - at) / SHOWN_MS) - 1, y(ms) - 1, 2.5, 2.5);
  }
}
