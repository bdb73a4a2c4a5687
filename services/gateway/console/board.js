// The board: a scrolling wall of banks, of which only those in sight exist. 65,535 dimmers cost what a screenful costs.

import { LightBank } from './bank.js';
import { LightFader } from './fader.js';
import { draw, movesNow } from './frame.js';
import { arrange, nearest, ready } from './rows.js';

/** Banks kept for when a larger window needs them. */
const SPARE = 4;
/** How many faders have their figures written in a frame: nobody reads 300 of them at once, and they cost the most. */
const READS = 32;
/** How many faders come to be others in a frame. */
const BRINGS = 64;
/** For browsers that do not tell when scrolling has ended. */
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
  /** @type {Set<number>} whose figures wait for their turn */
  #unread = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;
  #paint = () => this.#drawDirty();
  #scrolled = () => this.#place();

  /**
   * @param {HTMLElement} root scrolls; its first child takes the rows
   * @param {import('./view.js').View} view
   * @param {(dimmer: number) => import('./fader.js').Look} look
   * @param {(first: number | null, last: number | null) => void} placed told which dimmers are in sight
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

  /** Shows other dimmers, from the first one in sight. @param {() => void} change of the view */
  change(change) {
    const first = this.#first ?? 1;
    change();
    this.renew(first);
  }

  /** Lays everything out anew, with the first dimmer in sight still first. */
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
    // Keys go on to the dimmer they went to, never to another that stands there now.
    if (typedOn !== null) this.focus(typedOn);
  }

  /**
   * Brings a dimmer, or the next one that is shown, to the top.
   * @param {number} dimmer
   */
  show(dimmer) {
    this.#scrollTo(Math.floor(this.#view.place(dimmer) / this.#layout.perRow));
  }

  /** Goes so many rows on. @param {number} rows */
  turn(rows) {
    this.#scrollTo(Math.round(this.#top / this.#layout.rowHeight) + rows);
  }

  /** How many rows are in sight at once. */
  get shown() {
    return this.#layout.shown;
  }

  /** Brings a dimmer into sight, if it is out of it. @param {number} dimmer */
  reveal(dimmer) {
    const { perRow, rowHeight, shown } = this.#layout;
    const row = Math.floor(this.#view.place(dimmer) / perRow);
    const top = Math.round(this.#top / rowHeight);
    if (row < top) this.#scrollTo(row);
    if (row >= top + shown) this.#scrollTo(row - shown + 1);
  }

  /** Puts the keyboard on a dimmer; on the board itself if it is not in sight. @param {number} dimmer */
  focus(dimmer) {
    this.#place();
    const row = Math.floor(this.#view.place(dimmer) / this.#layout.perRow);
    const { first, last } = ready(this.#layout, this.#top, this.#count);
    if (row >= first && row <= last && !this.#banks.has(row)) this.#bring(row);
    (this.#faders.get(dimmer) ?? this.#root).focus({ preventScroll: true });
  }

  /** What this dimmer shows has changed. @param {number} dimmer */
  touch(dimmer) {
    if (!this.#faders.has(dimmer)) return;
    this.#dirty.add(dimmer);
    draw(this.#paint);
  }

  /** All of them are drawn together next time, however long it takes. */
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

  /** Never rests with a bank cut off. */
  #rest() {
    const row = nearest(this.#layout, this.#top, this.#count);
    if (Math.abs(row * this.#layout.rowHeight - this.#top) < 1) return;
    this.#scrollTo(row, matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth');
  }

  /** Has the rows ready that are in sight or about to be. */
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
    // In the order of the rows, which is the order of the Tab key.
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

