// The board: a scrolling wall of banks. Only the banks in sight exist, so 65,535 dimmers cost as much as one screenful.

import { LightBank } from './bank.js';
import { LightFader } from './fader.js';
import { draw, movesNow } from './frame.js';
import { arrange, nearest, ready } from './rows.js';

/** Unused banks that are kept for a larger window. */
const SPARE = 4;
/** How many faders update their figures in a frame: figures cost the most, and nobody reads 300 of them at once. */
const READS = 32;
/** How many faders are reused for other dimmers in a frame. */
const BRINGS = 64;
/** The pause that ends scrolling in browsers without `scrollend`. */
const REST_MS = 150;

export class Board {
  #root;
  #rows;
  #view;
  #look;
  #placed;
  /** @type {import('./rows.js').Layout} */
  #layout = { perRow: 0, shown: 1, rowHeight: 1 };
  /** @type {import('./rows.js').Size} */
  #size = 'comfortable';
  #box = { width: 0, height: 0 };
  #top = 0;
  /** @type {Map<number, LightBank>} by row */
  #banks = new Map();
  /** @type {LightBank[]} */
  #spare = [];
  /** @type {Map<number, import('./fader.js').LightFader>} by dimmer */
  #faders = new Map();
  /** @type {Set<number>} */
  #dirty = new Set();
  #all = false;
  /** @type {Set<number>} dimmers whose figures are not written yet */
  #unread = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;
  #paint = () => this.#drawDirty();
  #scrolled = () => this.#place();

  /**
   * @param {HTMLElement} root the scrolling element; its first child holds the rows
   * @param {import('./view.js').View} view
   * @param {(dimmer: number) => import('./fader.js').Look} look
   * @param {(first: number | null, last: number | null) => void} placed called with the dimmers in sight
   */
  constructor(root, view, look, placed) {
    this.#root = root;
    this.#rows = /** @type {HTMLElement} */ (root.firstElementChild);
    this.#view = view;
    this.#look = look;
    this.#placed = placed;
    root.addEventListener('scroll', () => {
      this.#top = root.scrollTop;
      draw(this.#scrolled);
      if ('onscrollend' in root) return;
      clearTimeout(this.#resting);
      this.#resting = setTimeout(() => this.#rest(), REST_MS);
    }, { passive: true });
    root.addEventListener('scrollend', () => this.#rest());
    new ResizeObserver(([entry]) => {
      if (!entry) return;
      this.#box = entry.contentRect;
      this.renew();
    }).observe(root);
  }

  set size(/** @type {import('./rows.js').Size} */ size) {
    this.#size = size;
    this.renew();
  }

  /** Changes which dimmers are shown, and keeps the first one in sight. @param {() => void} change of the view */
  change(change) {
    const first = this.#first ?? 1;
    change();
    this.renew(first);
  }

  /** Lays the board out again, with the first dimmer in sight still first. */
  renew(first = this.#first ?? 1) {
    const { width, height } = this.#box;
    if (width === 0) return;
    const focused = document.activeElement;
    const typedOn = focused instanceof LightFader && this.#root.contains(focused) ? focused.dimmer : null;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.#layout = arrange(width, height, this.#size, rem);
    const { perRow, rowHeight } = this.#layout;
    this.#root.style.setProperty('--per-row', `${perRow}`);
    this.#root.style.setProperty('--row', `${rowHeight}px`);
    this.#rows.style.height = `${this.#count * rowHeight}px`;
    for (const bank of this.#banks.values()) this.#retire(bank);
    this.show(first);
    this.#place();
    // The focus follows the dimmer, never the place, where another dimmer may be now.
    if (typedOn !== null) this.focus(typedOn);
  }

  /**
   * Scrolls a dimmer, or the next one that is shown, to the top.
   * @param {number} dimmer
   */
  show(dimmer) {
    this.#scrollTo(Math.floor(this.#view.place(dimmer) / this.#layout.perRow));
  }

  /** Scrolls by a number of rows. @param {number} rows */
  turn(rows) {
    this.#scrollTo(Math.round(this.#top / this.#layout.rowHeight) + rows);
  }

  /** The number of rows in sight. */
  get shown() {
    return this.#layout.shown;
  }

  /** Scrolls a dimmer into sight, if it is not. @param {number} dimmer */
  reveal(dimmer) {
    const { perRow, rowHeight, shown } = this.#layout;
    const row = Math.floor(this.#view.place(dimmer) / perRow);
    const top = Math.round(this.#top / rowHeight);
    if (row < top) this.#scrollTo(row);
    if (row >= top + shown) this.#scrollTo(row - shown + 1);
  }

  /** Focuses a dimmer, or the board itself if the dimmer is not in sight. @param {number} dimmer */
  focus(dimmer) {
    this.#place();
    const row = Math.floor(this.#view.place(dimmer) / this.#layout.perRow);
    const { first, last } = ready(this.#layout, this.#top, this.#count);
    if (row >= first && row <= last && !this.#banks.has(row)) this.#bring(row);
    (this.#faders.get(dimmer) ?? this.#root).focus({ preventScroll: true });
  }

  /** Redraws a dimmer, because its look has changed. @param {number} dimmer */
  touch(dimmer) {
    if (!this.#faders.has(dimmer)) return;
    this.#dirty.add(dimmer);
    draw(this.#paint);
  }

  /** Redraws all dimmers in the next frame, however long it takes. */
  allAtOnce() {
    this.#all = true;
    this.touchAll();
  }

  touchAll() {
    for (const dimmer of this.#faders.keys()) this.#dirty.add(dimmer);
    draw(this.#paint);
  }

  get #count() {
    return Math.ceil(this.#view.count / this.#layout.perRow);
  }

  /** The first dimmer in sight. */
  get #first() {
    const { perRow, rowHeight } = this.#layout;
    return perRow === 0 ? null : this.#view.dimmer(Math.round(this.#top / rowHeight) * perRow);
  }

  #drawDirty() {
    let [moves, reads] = this.#all ? [Infinity, Infinity] : [movesNow(), READS];
    this.#all = false;
    for (const dimmer of this.#dirty) {
      const look = this.#look(dimmer);
      if (moves <= 0 && !look.held) continue;
      moves -= 1;
      this.#dirty.delete(dimmer);
      if (this.#faders.get(dimmer)?.show(look)) this.#unread.add(dimmer);
    }
    for (const dimmer of this.#unread) {
      if (reads === 0) break;
      reads -= 1;
      this.#unread.delete(dimmer);
      this.#faders.get(dimmer)?.read();
    }
    if (this.#dirty.size + this.#unread.size > 0) draw(this.#paint);
  }

  /** @param {number} row @param {ScrollBehavior} behavior */
  #scrollTo(row, behavior = 'instant') {
    const { shown, rowHeight } = this.#layout;
    const top = Math.max(0, Math.min(row, this.#count - shown)) * rowHeight;
    this.#root.scrollTo({ top, behavior });
    this.#top = this.#root.scrollTop;
  }

  /** Scrolls to the nearest whole row, so that no bank stays cut off. */
  #rest() {
    const row = nearest(this.#layout, this.#top, this.#count);
    if (Math.abs(row * this.#layout.rowHeight - this.#top) < 1) return;
    this.#scrollTo(row, matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth');
  }

  /** Prepares the rows that are in sight or about to be. */
  #place() {
    const { first, last } = ready(this.#layout, this.#top, this.#count);
    for (const bank of this.#banks.values()) {
      if ((bank.row < first || bank.row > last) && bank.idle) this.#retire(bank);
    }
    let brings = Math.max(1, Math.floor(BRINGS / this.#layout.perRow));
    for (let row = first; row <= last; row += 1) {
      if (this.#banks.has(row)) continue;
      if (brings === 0) {
        draw(this.#scrolled);
        break;
      }
      brings -= 1;
      this.#bring(row);
    }
    for (const bank of this.#spare) bank.remove();
    this.#spare.length = Math.min(this.#spare.length, SPARE);
    this.#drawDirty();
    const at = Math.round(this.#top / this.#layout.rowHeight) * this.#layout.perRow;
    const end = Math.min(this.#view.count, at + this.#layout.shown * this.#layout.perRow);
    this.#placed(this.#view.dimmer(at), end > 0 ? this.#view.dimmer(end - 1) : null);
  }

  /** @param {LightBank} bank */
  #retire(bank) {
    this.#banks.delete(bank.row);
    for (const fader of bank.faders) if (this.#faders.get(fader.dimmer) === fader) this.#faders.delete(fader.dimmer);
    this.#spare.push(bank);
  }

  /** @param {number} row */
  #bring(row) {
    const { perRow, rowHeight } = this.#layout;
    const bank = this.#spare.pop() ?? new LightBank();
    bank.style.transform = `translateY(${row * rowHeight}px)`;
    // Banks are inserted in the order of the rows, because the Tab key follows it.
    const after = Math.min(...[...this.#banks.keys()].filter((other) => other > row));
    this.#rows.insertBefore(bank, this.#banks.get(after) ?? null);
    bank.become(row, Array.from({ length: perRow }, (_, i) => this.#view.dimmer(row * perRow + i)));
    this.#banks.set(row, bank);
    for (const fader of bank.faders) {
      if (fader.hidden) continue;
      this.#faders.set(fader.dimmer, fader);
      fader.show(this.#look(fader.dimmer));
      fader.read();
    }
  }
}

