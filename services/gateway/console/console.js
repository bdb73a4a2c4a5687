// The console: connects the parts, each of which is described in its own file.
//
//   hand -> input -> grabs -> rig (ghostlight.js) -> grabs, view, changes -> board, master -> fader

import { askLabel, askLevel } from './prompt.js';
import { Board } from './board.js';
import { owners, toldAll } from './changelog.js';
import { Changes } from './changes.js';
import { Commands } from './commands.js';
import { LatencyPanel } from './latency_panel.js';
import { byId } from './dom.js';
import { LightFader } from './fader.js';
import { draw, drawNow } from './frame.js';
import { Input } from './input.js';
import { Grabs, MASTER } from './grabs.js';
import { keepShell } from './install.js';
import { Looks } from './look.js';
import { pageKeys } from './keys.js';
import { Master } from './master.js';
import { Paging } from './paging.js';
import { panel } from './panel.js';
import { Presence } from './presence.js';
import { Preview } from './preview.js';
import { LastChange } from './last_change.js';
import { Rigs } from './rigs.js';
import { Selection } from './selection.js';
import { Session } from './session.js';
import { consoleName, nameOf, remember } from './settings.js';
import { sizes } from './sizes.js';
import { Status } from './status.js';
import { Tools } from './tools.js';
import { View } from './view.js';
import { screenSwitches } from './screen_wake.js';

/** @typedef {import('./ghostlight.js').Changed} Changed */
/** @typedef {import('./changelog.js').Kind} Kind */

class Console {
  #status;
  #presence = new Presence();
  #changes;
  #latencyPanel = new LatencyPanel();
  #view = new View();
  #lastChange;
  #rigs;
  #selection = new Selection();
  #looks;
  /** @type {number[]} dimmers that were flashed when the connection was lost */
  #flashed = [];
  #session;
  #grabs;
  #board;
  #master;
  #tools;
  #inputs;
  #commands;
  #told = () => this.#tell();
  #tidied = () => this.#tidy();

  /** @param {string} rigName @param {Status} status @param {import('./panel.js').TurnTo} turnTo */
  constructor(rigName, status, turnTo) {
    this.#status = status;
    this.#changes = new Changes(status);
    this.#session = new Session(rigName, consoleName(), (event) => this.#hear(event), () => this.#begin());
    const rig = () => this.#rig;
    const tell = (/** @type {string} */ text) => status.tell(text);
    this.#rigs = new Rigs(rigName, tell);
    const grabs = new Grabs(rig, (dimmer) => this.#touch(dimmer));
    const place = byId('board', HTMLElement);
    const preview = new Preview((dimmer) => this.#touch(dimmer));
    const looks = new Looks(rig, grabs, this.#selection, preview);
    const look = (/** @type {number} */ dimmer) => looks.of(dimmer);
    const board = new Board(place, this.#view, look, (first, last) => paging.show(first, last));
    const paging = new Paging(board, this.#view, tell);
    const clear = () => this.#select((selection) => selection.clear());
    this.#grabs = grabs;
    this.#looks = looks;
    this.#board = board;
    this.#master = new Master(rig, grabs, preview);
    const nameOf = (/** @type {string | undefined} */ client) => this.#presence.nameOf(client);
    this.#lastChange = new LastChange(rigName, nameOf, (text) => this.#tools.tell(text));
    this.#tools = new Tools(this.#selection, grabs, { label: () => askLabel(rig, this.#selection), clear });

    /** @type {import('./input.js').Desk} */
    const desk = {
      grabs,
      group: (dimmer) => (this.#selection.has(dimmer) ? this.#selection : [dimmer]),
      select: (dimmer, extend) => this.#select((selection) => {
        if (extend) selection.extend(dimmer, this.#view);
        else selection.toggle(dimmer);
      }),
      reveal: (dimmer) => board.reveal(dimmer),
      ask(dimmer, what) {
        if (what === 'level') askLevel(grabs, desk.group(dimmer));
        else askLabel(rig, desk.group(dimmer));
      },
      typing: (dimmer, text) => this.#type(dimmer, text),
      refuse: tell,
    };
    this.#inputs = [new Input(place, desk), new Input(byId('grand', HTMLElement), desk)];
    this.#commands = new Commands(rig, this.#selection, preview, tell);
    const wayBack = () => this.#wayBack();
    const latency = () => turnTo('latency-panel', wayBack);
    byId('latency', HTMLElement).addEventListener('click', latency);
    pageKeys({
      '[': () => board.turn(-1),
      ']': () => board.turn(1),
      '{': () => board.turn(-board.shown),
      '}': () => board.turn(board.shown),
      g: () => paging.focus(),
      m: () => this.#master.focus(),
      t: latency,
      '/': () => this.#commands.open(wayBack),
      w: () => this.#commands.openWords(wayBack),
      Escape: clear,
    });
    sizes(board);
    this.#nameForm();
    this.#begin();
  }

  get #rig() {
    return this.#session.rig;
  }

  /** Returns a function that restores the focus. By then, another fader may show the focused dimmer. */
  #wayBack() {
    const focused = document.activeElement;
    const dimmer = focused instanceof LightFader ? focused.dimmer : MASTER;
    if (dimmer !== MASTER) return () => this.#board.focus(dimmer);
    return () => focused instanceof HTMLElement && focused.focus();
  }

  /** Handles an event of the rig. @param {Event} event */
  #hear(event) {
    const { type, detail } = /** @type {CustomEvent} */ (event);
    switch (type) {
      case 'state':
        return this.#enter();
      case 'change':
        return this.#follow(detail);
      case 'presence':
        return this.#presence.show(detail.consoles, detail.total, this.#rig.client);
      case 'ack':
        this.#latencyPanel.add(detail);
        break;
      case 'refused':
        this.#status.tell(refusal(detail));
    }
    return this.#grabs.settle(); // an answer came
  }

  /** Starts with another client of the rig, or the first one: the whole map is new. */
  #begin() {
    const { levels, labels, consoles, consolesTotal, client } = this.#rig;
    this.#view.clear();
    if (this.#rig.position !== null) this.#rigs.show(this.#rig.missing);
    for (const part of [levels, labels]) for (const dimmer of part.keys()) this.#view.mark(dimmer, true);
    if (consolesTotal > 0) this.#presence.show(consoles, consolesTotal, client);
    this.#commands.begin();
    this.#enter();
  }

  /** Handles a new state of the connection. If it is not live, all grabs are dropped, and the rig's last levels are
   * shown. */
  #enter() {
    const { state, position } = this.#rig;
    const locked = state !== 'live';
    this.#status.enter(state, position !== null);
    this.#latencyPanel.live = !locked;
    if (state === 'offline') this.#presence.unknown();
    if (locked) {
      for (const input of this.#inputs) input.drop();
      this.#flashed.push(...this.#grabs.drop());
    } else {
      this.#tellFlashed();
    }
    this.#tools.show(locked);
    this.#commands.locked = locked;
    this.#touchAll();
    this.#board.allAtOnce();
    drawNow();
  }

  /** A flash that was on when the connection was lost may have left its dimmers at full, because it could not be
   * undone. */
  #tellFlashed() {
    const left = this.#flashed.filter((dimmer) => this.#rig.levels.get(dimmer) === 100);
    this.#flashed = [];
    if (left.length > 0) this.#status.tell(`Left at full, as the connection was lost in a flash: ${left.join(', ')}`);
  }

  /** Handles a change of the map. @param {Changed} changed */
  #follow(changed) {
    const { whole, levels, labels, words, master, blackout, origins } = changed;
    this.#rigs.show(this.#rig.missing);
    const of = owners(origins);
    /** @type {(owner: {client: string} | undefined, kind: Kind, dimmer: number | string, value: unknown) => string} */
    const note = (owner, kind, dimmer, value) => {
      const who = this.#presence.nameOf(owner?.client);
      if (!whole) this.#changes.add(who, kind, dimmer, value);
      return who;
    };
    for (const [dimmer, level] of levels) {
      const owner = of.level.get(dimmer);
      this.#grabs.rigMoved(dimmer, owner?.own ?? false, note(owner, 'level', dimmer, level));
      this.#use(dimmer);
      this.#lastChange.changed(dimmer);
    }
    for (const [dimmer, label] of labels) {
      note(of.label.get(dimmer), 'label', dimmer, label);
      this.#use(dimmer);
      this.#touch(dimmer);
    }
    for (const [word, look] of words) note(of.word.get(word), 'word', word, look);
    if (master !== undefined) {
      this.#grabs.rigMoved(MASTER, of.master?.own ?? false, note(of.master, 'master', MASTER, master));
    }
    if (blackout !== undefined) {
      note(of.blackout, 'blackout', MASTER, blackout);
      if (!of.blackout?.own) this.#grabs.blackoutTurned();
    }
    if (master !== undefined || blackout !== undefined) this.#touchAll();
    this.#grabs.settle();
    this.#commands.follow(changed);
    draw(this.#told);
    draw(this.#tidied);
  }

  /** Notes whether a dimmer is used: whether it has a level or a label. @param {number} dimmer */
  #use(dimmer) {
    this.#view.mark(dimmer, this.#rig.levels.has(dimmer) || this.#rig.labels.has(dimmer));
  }

  /** Draws the state of the rig outside the faders. */
  #tell() {
    const { position, blackout, master } = this.#rig;
    document.body.dataset.position = position ?? '';
    this.#status.blackout = blackout;
    byId('board', HTMLElement).style.setProperty('--out', `${blackout ? 0 : master}%`);
  }

  /** Rearranges the used dimmers, but never while a fader is grabbed or a level is half typed. */
  #tidy() {
    if (!this.#grabs.busy && !this.#looks.typing && this.#view.renew()) this.#board.renew();
  }

  /** @param {number} dimmer its look has changed */
  #touch(dimmer) {
    if (dimmer === MASTER) this.#master.touch();
    else this.#board.touch(dimmer);
    draw(this.#tidied);
  }

  #touchAll() {
    this.#board.touchAll();
    this.#master.touch();
    draw(this.#told);
    draw(this.#tidied);
  }

  /** @param {(selection: Selection) => void} change */
  #select(change) {
    change(this.#selection);
    const [only] = this.#selection;
    this.#lastChange.select(this.#selection.size === 1 && only !== undefined ? only : null);
    this.#tools.show(this.#grabs.locked);
    this.#commands.selected();
    this.#board.touchAll();
  }

  /** @param {number} dimmer @param {string} text */
  #type(dimmer, text) {
    this.#touch(this.#looks.type(dimmer, text));
    this.#touch(dimmer);
    this.#master.typed = dimmer === MASTER ? text : '';
  }

  #nameForm() {
    const name = byId('name', HTMLInputElement);
    name.value = consoleName();
    byId('name-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const wanted = nameOf(name.value);
      if (!wanted) return;
      remember('name', wanted);
      this.#session.rename(wanted);
    });
  }
}

/** A refusal in words. @param {import('./ghostlight.js').Events['refused']} refused */
function refusal({ code, message, asked }) {
  if (code !== 'too_late' || !asked) return `The rig refused: ${message}`;
  return `${toldAll(asked).join(', ')} came too late and was not done`;
}

const rigName = new URLSearchParams(location.search).get('rig') || 'main';
const status = new Status();
document.title = `${rigName} · Ghostlight`;
byId('rig', HTMLElement).textContent = rigName;
const turnTo = panel();
screenSwitches((text) => status.tell(text));
try {
  new Console(rigName, status, turnTo);
} catch (error) {
  // The only invalid input in the address is the rig's name.
  status.enter('offline', false);
  status.tell(error instanceof Error ? error.message : `${error}`, Infinity);
}
document.body.dataset.ready = '';
addEventListener('load', keepShell);
