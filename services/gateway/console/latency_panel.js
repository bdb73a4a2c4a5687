// How long this console's changes take: p50 and p99 in the header, every stage and a plot in the panel.

import { byId, make, write } from './dom.js';
import { Latency, SHARES, STAGES, taken, written } from './latency.js';
import { Plot, SHOWN_MS } from './plot.js';

/** The interval of updates: nobody can read figures that change faster. */
const WRITE_EVERY_MS = 500;

/** The names of the stages in the panel. @type {Record<import('./latency.js').Stage, string>} */
const NAMES = { trip: 'Round trip', network: 'Network', echo: 'Echo', log: 'Log', fold: 'Fold' };

export class LatencyPanel {
  #latency = new Latency();
  #readout = byId('latency', HTMLElement);
  #count = byId('latency-count', HTMLElement);
  #said = byId('plot-said', HTMLElement);
  #figures = figures(byId('stages', HTMLElement));
  #live = false;
  #plot = new Plot(() => this.#plotted());

  constructor() {
    setInterval(() => this.#live && !document.hidden && this.#write(), WRITE_EVERY_MS);
  }

  /** Adds an acknowledged change. @param {import('./ghostlight.js').Events['ack']} ack */
  add(ack) {
    this.#latency.add(taken(ack), performance.now());
    this.#plot.touch();
  }

  /** Whether the rig is live. Samples of a lost connection are discarded. */
  set live(/** @type {boolean} */ live) {
    this.#live = live;
    if (!live) this.#latency.clear();
    this.#write();
    this.#plot.touch();
  }

  #write() {
    const { count } = this.#latency;
    for (const [stage, share, cell] of this.#figures) write(cell, written(this.#latency.percentile(share, stage)));
    for (const share of [0.5, 0.99]) {
      const ms = this.#latency.percentile(share, 'trip');
      if (ms === null) delete this.#readout.dataset[`p${share * 100}`];
      else this.#readout.dataset[`p${share * 100}`] = ms.toFixed(2);
    }
    const [p50, p99] = [0.5, 0.99].map((share) => written(this.#latency.percentile(share, 'trip')));
    write(this.#readout, count === 0 ? 'Latency –' : `Latency ${p50} · ${p99} ms`);
    write(this.#count, count === 0 ? 'no own changes yet' : count === 1 ? '1 own change' : `last ${count} own changes`);
    const isQuiet = this.#latency.since(performance.now() - SHOWN_MS).length === 0;
    write(this.#said, !this.#live ? 'Nothing is measured without a connection.'
      : count === 0 ? 'Nothing measured yet: move a fader.'
      : isQuiet ? 'No change of this console within the last minute.' : '');
  }

  #plotted() {
    const samples = this.#latency.since(performance.now() - SHOWN_MS);
    return { samples, lines: [0.5, 0.99].map((share) => this.#latency.percentile(share, 'trip')) };
  }
}

/** Makes the rows of the table, and returns the cell of each figure. @param {HTMLElement} rows */
function figures(rows) {
  return STAGES.flatMap((stage) => {
    const name = make('th', '', NAMES[stage]);
    name.setAttribute('scope', 'row');
    const row = make('tr', '', name);
    row.dataset.stage = stage;
    rows.append(row);
    return SHARES.map((share) => {
      const cell = make('td', '', '–');
      row.append(cell);
      return /** @type {const} */ ([stage, share, cell]);
    });
  });
}
