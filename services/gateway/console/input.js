// Input on the faders: mouse, fingers, wheel and keys become grabs, moves and releases (grabs.js).
//
// One set of listeners serves a whole board, because its faders are reused. Each finger has its own grab.

import { LightFader } from './fader.js';
import { MASTER } from './grabs.js';
import { FULL } from './selection.js';
import { Typed } from './typed.js';

const STEP = 100;
const PAGE = 1000;
/** The wheel has no release event: it counts as released after this long without a turn. */
const WHEEL_REST_MS = 250;

/** How far a key moves the fader. @type {Record<string, number | undefined>} */
const MOVES = { ArrowUp: STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowLeft: -STEP, PageUp: PAGE, PageDown: -PAGE };
/** The level that a key sets; null removes the level. @type {Record<string, number | null | undefined>} */
const PLACES = { Home: 0, End: FULL, Delete: null };

/**
 * @typedef {object} Desk what inputs act on
 * @property {import('./grabs.js').Grabs} grabs
 * @property {(dimmer: number) => Iterable<number>} group the dimmers that move with this one, including itself
 * @property {(dimmer: number, extend: boolean) => void} select
 * @property {(dimmer: number) => void} reveal scrolls the dimmer into view
 * @property {(dimmer: number, what: 'level' | 'label') => void} ask lets the operator type it
 * @property {(dimmer: number, text: string) => void} typing the text typed on the dimmer so far
 * @property {(told: string) => void} refuse
 */

export class Input {
  #desk;
  /** @type {Map<number, {key: import('./grabs.js').Key, from: number, travel: number, by: number}>} */
  #pointers = new Map();
  /** @type {{key: string, grab: import('./grabs.js').Key, by: number} | null} */
  #keys = null;
  /** @type {{dimmer: number, by: number} | null} */
  #wheel = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;
  #typed = new Typed();

  /** @param {HTMLElement} root whose faders these are @param {Desk} desk */
  constructor(root, desk) {
    this.#desk = desk;
    root.addEventListener('pointerdown', (event) => this.#press(event));
    // Listens on the window: a browser may end the pointer capture in the middle of a drag while the hand is still
    // there.
    addEventListener('pointermove', (event) => this.#drag(event));
    const lift = (/** @type {PointerEvent} */ event) => this.#lift(event.pointerId);
    addEventListener('pointerup', lift);
    addEventListener('pointercancel', lift);
    root.addEventListener('contextmenu', (event) => event.preventDefault());
    root.addEventListener('click', (event) => this.#click(event));
    root.addEventListener('dblclick', (event) => this.#click(event));
    root.addEventListener('keydown', (event) => this.#key(event));
    // Shift may have been released in between, so letters are compared in lower case.
    root.addEventListener('keyup', ({ key }) => this.#keys?.key === key.toLowerCase() && this.#keyUp());
    // Only the focused fader uses the wheel: over all others the wheel scrolls, so that no light moves by accident.
    const turn = (/** @type {WheelEvent} */ event) => this.#turn(event);
    root.addEventListener('focusin', () => root.addEventListener('wheel', turn, { passive: false }));
    root.addEventListener('focusout', () => {
      root.removeEventListener('wheel', turn);
      this.#keyUp();
      this.#rest();
      this.#stopTyping();
    });
  }

  /** The rig is not live: forgets all pointers and keys. */
  drop() {
    this.#pointers.clear();
    this.#keys = this.#wheel = null;
    this.#stopTyping();
  }

  /** A mouse press beside the cap moves the cap there. A touch never does, because a light must not jump at a touch. */
  #press(/** @type {PointerEvent} */ event) {
    const { fader, target } = at(event);
    if (!fader) return;
    fader.focus({ preventScroll: true });
    const { grabs, group } = this.#desk;
    const { dimmer } = fader;
    const flashes = target.closest('.bump');
    if (event.button !== 0 || grabs.locked || !(flashes || target.closest('.track'))) return;
    event.preventDefault();
    target.setPointerCapture(event.pointerId);
    if (flashes) {
      const key = `bump ${dimmer}`;
      this.#pointers.set(event.pointerId, { key, from: 0, travel: 0, by: 0 });
      return grabs.flash(key, [dimmer]);
    }
    if (!this.#canTake(dimmer)) return;
    // Layout is measured when a grab begins, never while it moves.
    const [travel, cap] = ['.travel', '.cap'].map((part) => fader.querySelector(part)?.getBoundingClientRect());
    if (!travel?.height || !cap) return; // the fader is too small to move
    const y = event.clientY;
    const held = { key: dimmer, from: y, travel: travel.height, by: 0 };
    this.#pointers.set(event.pointerId, held);
    const level = grabs.shown(dimmer) ?? 0;
    grabs.grab(dimmer, group(dimmer));
    if (event.pointerType !== 'touch' && (y < cap.top || y > cap.bottom)) {
      held.by = ((travel.bottom - y) / travel.height) * FULL - level;
      grabs.move(dimmer, held.by);
    }
  }

  #drag(/** @type {PointerEvent} */ event) {
    const held = this.#pointers.get(event.pointerId);
    // The button was released outside the window, where no event came.
    if (held && event.buttons === 0) return this.#lift(event.pointerId);
    if (typeof held?.key !== 'number') return;
    this.#desk.grabs.move(held.key, held.by + ((held.from - event.clientY) / held.travel) * FULL);
  }

  #lift(/** @type {number} */ pointer) {
    const held = this.#pointers.get(pointer);
    if (held && this.#pointers.delete(pointer)) this.#desk.grabs.release(held.key);
  }

  /** A click on the number or label selects; a double click on the level, cap or label opens the dialog. */
  #click(/** @type {MouseEvent} */ event) {
    const { fader, target } = at(event);
    if (!fader) return;
    const { dimmer } = fader;
    if (event.type === 'click') {
      if (dimmer && target.closest('.number, .label')) this.#desk.select(dimmer, event.shiftKey);
    } else if (target.closest('.level, .cap')) this.#desk.ask(dimmer, 'level');
    else if (target.closest('.label')) this.#desk.ask(dimmer, 'label');
  }

  #key(/** @type {KeyboardEvent} */ event) {
    const { fader } = at(event);
    if (!fader || event.ctrlKey || event.altKey || event.metaKey) return;
    const { dimmer } = fader;
    if (!this.#type(event, dimmer) && !this.#move(event, dimmer) && !this.#command(event, dimmer)) return;
    event.preventDefault();
    if (dimmer !== MASTER) this.#desk.reveal(dimmer);
  }

  /** Handles digits and the keys that end them. Returns whether the key was one of them. */
  #type(/** @type {KeyboardEvent} */ { key }, /** @type {number} */ dimmer) {
    const { grabs, group, typing, refuse } = this.#desk;
    const came = grabs.locked ? null : this.#typed.key(key);
    if (came === null) return false;
    if (came === 'refused') refuse('A level is 0 to 100, with two decimals at most.');
    if (typeof came === 'number') grabs.set(group(dimmer), came);
    typing(dimmer, this.#typed.text);
    return true;
  }

  /** Handles keys that move or set the fader. A key that is held down repeats, in one grab. */
  #move(/** @type {KeyboardEvent} */ { key, repeat, shiftKey }, /** @type {number} */ dimmer) {
    const { grabs, group } = this.#desk;
    const place = PLACES[key];
    const move = MOVES[key];
    if (place === undefined && move === undefined) return false;
    const busy = this.#keys?.grab !== dimmer && !this.#canTake(dimmer);
    if (grabs.locked || busy || (place === null && dimmer === MASTER)) return true;
    if (place !== undefined) {
      if (!repeat) grabs.set(group(dimmer), place);
    } else if (move !== undefined) {
      if (!this.#keys) grabs.grab(dimmer, group(dimmer));
      const by = (this.#keys?.by ?? 0) + (shiftKey ? Math.sign(move) * PAGE : move);
      this.#keys = { key: key.toLowerCase(), grab: dimmer, by: grabs.move(dimmer, by) };
    }
    return true;
  }

  /** Handles the letter keys and Space. */
  #command(/** @type {KeyboardEvent} */ { key, repeat, shiftKey }, /** @type {number} */ dimmer) {
    const { grabs, select, ask } = this.#desk;
    if (dimmer === MASTER || !/^[fbl ]$/i.test(key)) return false;
    if (repeat) return true;
    if (key === ' ') select(dimmer, shiftKey);
    else if (/l/i.test(key)) ask(dimmer, 'label');
    else if (!grabs.locked && !this.#keys && this.#canTake(dimmer)) {
      this.#keys = { key: key.toLowerCase(), grab: `key ${dimmer}`, by: 0 };
      grabs.flash(this.#keys.grab, [dimmer]);
    }
    return true;
  }

  /** Whether no other grab holds the dimmer. A wheel grab is released first, because nobody can release it. */
  #canTake(/** @type {number} */ dimmer) {
    this.#rest();
    return !this.#desk.grabs.held(dimmer);
  }

  #keyUp() {
    if (this.#keys) this.#desk.grabs.release(this.#keys.grab);
    this.#keys = null;
  }

  #stopTyping() {
    if (this.#typed.key('Escape')) this.#desk.typing(MASTER, '');
  }

  #turn(/** @type {WheelEvent} */ event) {
    const { fader } = at(event);
    const { grabs, group } = this.#desk;
    if (!fader || fader !== document.activeElement || grabs.locked || event.ctrlKey) return;
    event.preventDefault();
    const { dimmer } = fader;
    if (!this.#wheel) {
      if (grabs.held(dimmer)) return;
      grabs.grab(dimmer, group(dimmer));
    }
    const notches = -(event.deltaY || event.deltaX) / (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 100 : 3);
    const by = (this.#wheel?.by ?? 0) + notches * (event.shiftKey ? PAGE : STEP);
    this.#wheel = { dimmer, by: grabs.move(dimmer, by) };
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#rest(), WHEEL_REST_MS);
  }

  #rest() {
    if (this.#wheel) this.#desk.grabs.release(this.#wheel.dimmer);
    this.#wheel = null;
  }
}

/** The element of an event, and the fader that it is part of. @param {Event} event */
function at(event) {
  const target = /** @type {Element} */ (event.target);
  const fader = target.closest('light-fader');
  return { target, fader: fader instanceof LightFader ? fader : null };
}
