// The world of a page under test: time that passes when the test says so, and a network whose other end is the test.

import assert from 'node:assert/strict';
import { connect } from '../../../console/ghostlight.js';

// Node 18 has none. In a page there always is.
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, { detail = null } = {}) {
    super(type);
    this.detail = detail;
  }
};

const reallyLater = setImmediate;

/** Lets everything happen that is due at this moment: promises, and what waits for them. */
export const settled = () => new Promise((resolve) => reallyLater(resolve));

export class World {
  now_ms = 1000;
  /** Every socket that was opened, the newest last. */
  sockets = [];
  /** What the client has told, in order: `[type, detail]`. */
  told = [];
  #timers = new Map();
  #lastTimer = 0;
  /** How long the machine has slept: the one clock knows, the other does not. */
  #slept_ms = 0;

  /** Takes the place of the clocks and timers until the test ends. */
  constructor({ mock }) {
    mock.method(globalThis, 'setTimeout', (then, ms) => {
      this.#timers.set((this.#lastTimer += 1), { then, due_ms: this.now_ms + Math.max(0, ms) });
      return this.#lastTimer;
    });
    mock.method(globalThis, 'clearTimeout', (timer) => this.#timers.delete(timer));
    mock.method(performance, 'now', () => this.now_ms);
    mock.method(Date, 'now', () => this.now_ms + this.#slept_ms);
    this.complaints = mock.method(console, 'error', () => {}).mock;
  }

  /** How many timers are set. */
  get timers() {
    return this.#timers.size;
  }

  /** How long until the next timer is due. */
  get next_ms() {
    return Math.min(...[...this.#timers.values()].map(({ due_ms }) => due_ms)) - this.now_ms;
  }

  /** Time passes, and every timer that comes due in it runs, in order. */
  pass(ms) {
    const end_ms = this.now_ms + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { due_ms }]) => due_ms <= end_ms);
      const next = due.sort(([a, { due_ms: x }], [b, { due_ms: y }]) => x - y || a - b)[0];
      if (!next) break;
      this.#timers.delete(next[0]);
      this.now_ms = Math.max(this.now_ms, next[1].due_ms);
      next[1].then();
    }
    this.now_ms = end_ms;
  }

  /** The machine sleeps: no timer runs, and only the date goes on. */
  sleep(ms) {
    this.#slept_ms += ms;
  }

  /** A client in this world. */
  connect(options = {}) {
    const world = this;
    class WebSocket extends FakeSocket {
      constructor(...args) {
        super(world, ...args);
      }
    }
    const rig = connect('http://stage.example/', { client: 'console-1', WebSocket, ...options });
    for (const type of ['state', 'change', 'presence', 'refused', 'echo', 'ack']) {
      rig.addEventListener(type, ({ detail }) => this.told.push([type, detail]));
    }
    return rig;
  }

  /** A client that is live, with the ledger's map. */
  live(ledger, options) {
    const rig = this.connect(options);
    this.socket.open();
    this.socket.hear(ledger.snapshot());
    assert.equal(rig.state, 'live');
    return rig;
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The details of the events of a type. */
  details(type) {
    return this.told.filter(([other]) => other === type).map(([, detail]) => detail);
  }
}

class FakeSocket {
  bufferedAmount = 0;
  isClosed = false;
  /** The messages that the client sent: their texts, and when. */
  texts = [];
  #world;

  constructor(world, url, protocol) {
    this.#world = world;
    this.url = String(url);
    this.protocol = protocol;
    world.sockets.push(this);
  }

  send(text) {
    assert.ok(this.isOpen && !this.isClosed, 'nothing is sent before the socket is open, or after it is closed');
    this.texts.push({ text, at_ms: this.#world.now_ms });
  }

  close() {
    this.isClosed = true;
  }

  /** The other end has accepted. */
  open() {
    this.isOpen = true;
    this.onopen?.();
  }

  /** The other end says something. */
  hear(message) {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  /** The other end is gone. */
  end() {
    this.onclose?.();
  }

  /** What the client sent, as messages. */
  get messages() {
    return this.texts.map(({ text }) => JSON.parse(text));
  }

  get sets() {
    return this.messages.filter(({ type }) => type === 'set');
  }
}
