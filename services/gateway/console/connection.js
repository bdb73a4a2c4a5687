// One rig over the full WebSocket: says hello, resumes where the replica stands, and comes back by itself.
//
// States: "offline" (no connection; trying again), "resuming" (connected, waiting for the map), "live", and "stale"
// (connected, but the rig has not been heard lately).

import { parsePosition } from './replica.js';

const SUBPROTOCOL = 'ghostlight.v1';
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
/** The rig sends a beacon each second. */
const STALE_AFTER_MS = 3000;
const SILENT_AFTER_MS = 10000;
/** With more than this unsent in the socket the network is behind, and the newest levels can wait for it. */
const UNSENT_BYTES = 4096;

/**
 * `url`, the `client`'s name and the `replica` to keep; and the functions that are told:
 *   onstate(state)
 *   onmap(delta)         the map moved on; by a whole snapshot if delta is null
 *   onack(seq, position) a set has happened
 *   onrefused(error)     {seq?, code, message}
 */
export class Connection {
  #options;
  #socket = null;
  #state = 'offline';
  #resume = true;
  #failures = 0;
  #retryTimer = null;
  #staleTimer = null;
  #silenceTimer = null;
  #heardAt = 0;

  constructor(options) {
    this.#options = options;
  }

  get state() {
    return this.#state;
  }

  /** Connects, if it is not connected. */
  open() {
    if (this.#socket) return;
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(this.#options.url, SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = () => this.#greet();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#lost();
    this.#heard();
  }

  /** The page was asleep, or the network is back: do not wait for timers that slept too. */
  wake() {
    if (this.#socket && Date.now() - this.#heardAt > STALE_AFTER_MS) {
      this.#failures = 0;
      this.#lost();
    }
    this.open();
  }

  /** Whether a set would go out at once. */
  get clear() {
    return this.#state === 'live' && this.#socket.bufferedAmount <= UNSENT_BYTES;
  }

  /** Asks the rig for these levels, in percent. Call it only while `clear`. */
  set(seq, levels) {
    this.#socket.send(JSON.stringify({ type: 'set', seq, levels }));
  }

  #greet() {
    this.#enter('resuming');
    const hello = { type: 'hello', client: this.#options.client };
    const resume = this.#resume ? this.#options.replica.resume : null;
    this.#socket.send(JSON.stringify(resume ? { ...hello, resume } : hello));
  }

  #receive(text) {
    this.#heard();
    const { replica, onmap, onack, onrefused } = this.#options;
    const message = JSON.parse(text);
    switch (message.type) {
      case 'delta':
        return this.#follow(replica.delta(message), () => onmap(message));
      case 'snapshot':
        return this.#follow(replica.snapshot(message), () => onmap(null));
      case 'beacon':
        this.#follow(replica.beacon(message));
        if (this.#state === 'live') this.#failures = 0; // the digest agreed: this connection is good
        return undefined;
      case 'ack':
        return onack(message.seq, parsePosition(message.position));
      case 'error':
        return onrefused(message);
      default:
        return undefined; // a newer server says more than we understand
    }
  }

  #follow(verdict, applied) {
    if (verdict === 'applied') applied();
    if (verdict === 'applied' || verdict === 'had') {
      this.#resume = true;
      this.#enter('live');
      clearTimeout(this.#staleTimer);
      this.#staleTimer = setTimeout(() => this.#enter('stale'), STALE_AFTER_MS);
    } else {
      if (verdict === 'diverged') console.error('this page held another map than the rig: it takes a snapshot');
      this.#resume = false;
      this.#lost();
    }
  }

  #heard() {
    this.#heardAt = Date.now();
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#lost(), SILENT_AFTER_MS);
  }

  /** Does not wait for the other side to agree: on a dead network that takes minutes. */
  #lost() {
    clearTimeout(this.#staleTimer);
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socket = null;
    this.#enter('offline');
    const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** ++this.#failures);
    const delay_ms = FIRST_RETRY_MS + Math.random() * (most - FIRST_RETRY_MS);
    this.#retryTimer = setTimeout(() => this.open(), delay_ms);
  }

  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onstate(state);
  }
}
